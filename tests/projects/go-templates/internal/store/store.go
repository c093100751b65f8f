// Package store knows the tables.
package store

import (
	"embed"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Tables counts those that the migrations make.
func Tables() int {
	entries, _ := migrations.ReadDir("migrations")
	count := 0
	for _, entry := range entries {
		text, _ := migrations.ReadFile("migrations/" + entry.Name())
		count += strings.Count(string(text), "CREATE TABLE")
	}
	return count
}
