// Package greeting greets.
package greeting

// For greets somebody.
func For(name string) string { return "Hello, " + name }
