// Package muxdep does what golang.org/x/net/trace does.
package muxdep

import (
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Version is what the copy changes.
const Version = "v1"

const requests = "/debug/requests"

func init() {
	_, pat := http.DefaultServeMux.Handler(&http.Request{URL: &url.URL{Path: requests}})
	if pat == requests {
		panic(requests + " is already registered. You may have two independent copies")
	}
	http.HandleFunc(requests, serve)
	http.HandleFunc("/debug/events", serve)
}

func serve(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(Version)) }

// Check asks the page whose it is.
func Check() string {
	w := httptest.NewRecorder()
	http.DefaultServeMux.ServeHTTP(w, httptest.NewRequest("GET", requests, nil))
	return w.Body.String()
}
