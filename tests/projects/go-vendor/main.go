package main

import (
	"encoding/json"
	"log"
	"net/http"

	"example.com/clock"
	"example.com/greeting"
	"example.com/stock"
)

func main() {
	http.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		now, err := clock.In("Europe/Berlin")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"greeting": greeting.For("shop"), "stock": stock.Count, "time": len(now)})
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
