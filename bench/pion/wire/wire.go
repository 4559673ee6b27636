// Package wire is the gateway's signaling, docs/PROTOCOL.md: JSON text frames with the payload as JSON in a string.
package wire

import (
	"encoding/json"

	"golang.org/x/net/websocket"
)

type Message struct {
	Type    string `json:"type"`
	Payload string `json:"payload"`
}

type Description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

type State struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

func Send(socket *websocket.Conn, kind string, payload interface{}) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return websocket.JSON.Send(socket, Message{Type: kind, Payload: string(text)})
}

// Receive waits for the next message.
func Receive(socket *websocket.Conn) (message Message, err error) {
	err = websocket.JSON.Receive(socket, &message)
	return message, err
}

// Decode reads the payload of message into value.
func Decode(message Message, value interface{}) error {
	return json.Unmarshal([]byte(message.Payload), value)
}
