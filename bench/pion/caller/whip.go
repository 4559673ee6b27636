package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/pion/webrtc/v3"
)

var credentials = regexp.MustCompile(`a=ice-(ufrag|pwd):.*\r\n`)

// whip is RFC 9725.
type whip struct {
	endpoint string

	lock    sync.Mutex // guards what follows
	session string     // its URL; empty before there is an answer
	etag    string
	ice     string // our credentials, as lines of SDP
	early   []webrtc.ICECandidateInit
}

func request(method, url string, status int, body string, headers ...string) (*http.Response, string) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	must(err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	must(err)
	text, err := io.ReadAll(response.Body)
	must(err)
	must(response.Body.Close())
	if response.StatusCode != status {
		log.Fatalf("%s %s: %s: %s", method, url, response.Status, text)
	}
	return response, string(text)
}

func (w *whip) offer(sdp string) string {
	response, answer := request("POST", w.endpoint, http.StatusCreated, sdp, "Content-Type", "application/sdp")
	location, err := response.Location()
	must(err)
	w.lock.Lock()
	defer w.lock.Unlock()
	w.session, w.etag = location.String(), response.Header.Get("ETag")
	w.ice = strings.Join(credentials.FindAllString(sdp, 2), "")
	for _, candidate := range w.early {
		w.patch(candidate)
	}
	return answer
}

func (w *whip) candidate(candidate webrtc.ICECandidateInit) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.session == "" {
		w.early = append(w.early, candidate)
	} else {
		w.patch(candidate)
	}
}

func (w *whip) patch(candidate webrtc.ICECandidateInit) {
	fragment := fmt.Sprintf("%sm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\na=%s\r\n", w.ice, *candidate.SDPMid,
		candidate.Candidate)
	request("PATCH", w.session, http.StatusNoContent, fragment, "If-Match", w.etag, "Content-Type",
		"application/trickle-ice-sdpfrag")
}

func (w *whip) bye() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	request("DELETE", w.session, http.StatusOK, "")
	request("GET", w.session, http.StatusNotFound, "")
	return "deleted"
}
