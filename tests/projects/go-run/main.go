package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
)

func main() {
	port := flag.Int("port", 8080, "where it listens")
	flag.Parse()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Query().Get("say")) })
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", *port), nil))
}
