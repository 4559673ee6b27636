// gateway is what voice-gateway is compared with: the same signaling and the same work in Go with pion. One UDP port,
// ICE-lite, Opus decoded to 16 kHz PCM and encoded again with the same settings.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
	"golang.org/x/net/websocket"

	"voice-gateway-pion/opus"
	"voice-gateway-pion/wire"
)

const frameDuration = 20 * time.Millisecond

func newAPI() (*webrtc.API, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{})
	if err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
	settings.SetLite(true)
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings)), nil
}

// echo is the work of a session: decode to PCM, encode, send.
func echo(remote *webrtc.TrackRemote, local *webrtc.TrackLocalStaticSample) error {
	decoder, err := opus.NewDecoder()
	if err != nil {
		return err
	}
	encoder, err := opus.NewEncoder()
	if err != nil {
		return err
	}
	var pcm []int16
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return err
		}
		decoded, err := decoder.Decode(packet.Payload)
		if err != nil {
			return err
		}
		for pcm = append(pcm, decoded...); len(pcm) >= opus.FrameSamples; pcm = pcm[opus.FrameSamples:] {
			encoded, err := encoder.Encode(pcm[:opus.FrameSamples])
			if err != nil {
				return err
			}
			if err := local.WriteSample(media.Sample{Data: encoded, Duration: frameDuration}); err != nil {
				return err
			}
		}
	}
}

func answer(peer *webrtc.PeerConnection, sdp string) (wire.Description, error) {
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}
	if err := peer.SetRemoteDescription(offer); err != nil {
		return wire.Description{}, err
	}
	description, err := peer.CreateAnswer(nil)
	if err != nil {
		return wire.Description{}, err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(description); err != nil {
		return wire.Description{}, err
	}
	<-gathered
	return wire.Description{Type: "answer", SDP: peer.LocalDescription().SDP}, nil
}

func newPeer(api *webrtc.API) (*webrtc.PeerConnection, error) {
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	local, err := webrtc.NewTrackLocalStaticSample(codec, "audio", "voice")
	if err != nil {
		return nil, err
	}
	sender, err := peer.AddTrack(local)
	if err != nil {
		return nil, err
	}
	go func() { // RTCP has to be read for its interceptors to work
		buffer := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buffer); err != nil {
				return
			}
		}
	}()
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { _ = echo(remote, local) })
	return peer, nil
}

func serve(api *webrtc.API, socket *websocket.Conn) error {
	peer, err := newPeer(api)
	if err != nil {
		return err
	}
	defer peer.Close()
	if err := wire.Send(socket, "session", map[string]interface{}{"id": fmt.Sprintf("%p", peer)}); err != nil {
		return err
	}
	for {
		message, err := wire.Receive(socket)
		if err != nil {
			return err
		}
		switch message.Type {
		case "offer":
			var offer wire.Description
			if err := wire.Decode(message, &offer); err != nil {
				return err
			}
			description, err := answer(peer, offer.SDP)
			if err != nil {
				return err
			}
			if err := wire.Send(socket, "answer", description); err != nil {
				return err
			}
		case "bye":
			return wire.Send(socket, "state", wire.State{State: "ended", Reason: "client-bye"})
		}
	}
}

func main() {
	address := flag.String("listen", "127.0.0.1:0", "where to listen")
	flag.Parse()
	api, err := newAPI()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	handler := func(socket *websocket.Conn) { _ = serve(api, socket) }
	http.Handle("/ws", websocket.Server{Handler: handler})
	fmt.Printf("listening url=ws://%s/ws\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
