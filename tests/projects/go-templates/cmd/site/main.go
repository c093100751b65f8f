package main

import (
	"html/template"
	"log"
	"net/http"
	"os"
	"strings"

	"example.com/site/internal/store"
)

func main() {
	title, err := os.ReadFile("config/title.txt")
	if err != nil {
		log.Fatal(err)
	}
	pages := template.Must(template.ParseGlob("templates/*.html"))
	http.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		pages.ExecuteTemplate(w, "index.html", map[string]any{"Title": strings.TrimSpace(string(title)), "Tables": store.Tables()})
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
