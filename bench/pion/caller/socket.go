package main

import (
	"log"
	"strings"
	"time"

	"github.com/pion/webrtc/v3"
	"golang.org/x/net/websocket"

	"voice-gateway-pion/wire"
)

// socket is the gateway's own signaling.
type socket struct {
	connection *websocket.Conn
	answered   chan wire.Description
	ended      chan wire.State
}

func dial(url string) *socket {
	connection, err := websocket.Dial(url, "", strings.Replace(url, "ws", "http", 1))
	must(err)
	s := &socket{
		connection: connection, answered: make(chan wire.Description, 1), ended: make(chan wire.State, 1),
	}
	go s.read()
	return s
}

func (s *socket) read() {
	for {
		message, err := wire.Receive(s.connection)
		if err != nil {
			close(s.ended)
			return
		}
		var state wire.State
		var description wire.Description
		switch message.Type {
		case "answer":
			must(wire.Decode(message, &description))
			s.answered <- description
		case "state":
			must(wire.Decode(message, &state))
			if state.State == "ended" {
				s.ended <- state
			}
		case "error":
			log.Fatal(message.Payload)
		}
	}
}

func (s *socket) offer(sdp string) string {
	must(wire.Send(s.connection, "offer", wire.Description{Type: "offer", SDP: sdp}))
	select {
	case answer := <-s.answered:
		return answer.SDP
	case <-time.After(connectTimeout):
		log.Fatal("no answer in time")
	}
	return ""
}

func (s *socket) candidate(candidate webrtc.ICECandidateInit) {
	must(wire.Send(s.connection, "candidate", candidate))
}

func (s *socket) bye() string {
	must(wire.Send(s.connection, "bye", struct{}{}))
	state := <-s.ended
	must(s.connection.Close())
	return state.Reason
}
