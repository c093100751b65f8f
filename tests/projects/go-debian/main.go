package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
	"github.com/pkg/errors"
)

func main() {
	router := mux.NewRouter()
	router.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	router.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, uuid.New()) })
	log.Fatal(errors.Wrap(http.ListenAndServe(":8080", router), "serving"))
}
