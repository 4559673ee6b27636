// gateway is what voice-gateway is compared with: the same signaling and the same work in Go with pion. One UDP port,
// ICE-lite, Opus decoded to 16 kHz PCM and encoded again with the same settings.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v3"
	"golang.org/x/net/websocket"

	"voice-gateway-pion/wire"
)

type server struct {
	api          *webrtc.API
	certificates []webrtc.Certificate
	skipsSilence bool
}

// newAPI: with sender and receiver reports, which voice-gateway sends as well.
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
	reports := &interceptor.Registry{}
	if err := webrtc.ConfigureRTCPReports(reports); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(reports)), nil
}

// newCertificate is made once, as in voice-gateway; pion would make one for each call.
func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return webrtc.GenerateCertificate(key)
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

func (s *server) newPeer() (*webrtc.PeerConnection, error) {
	peer, err := s.api.NewPeerConnection(webrtc.Configuration{Certificates: s.certificates})
	if err != nil {
		return nil, err
	}
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	local, err := webrtc.NewTrackLocalStaticRTP(codec, "audio", "voice")
	if err != nil {
		return nil, err
	}
	sender, err := peer.AddTrack(local)
	if err != nil {
		return nil, err
	}
	go drain(sender.Read)
	peer.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		go drain(receiver.Read)
		_ = echo(remote, local, s.skipsSilence)
	})
	return peer, nil
}

// drain reads RTCP, which its interceptors need.
func drain(read func([]byte) (int, interceptor.Attributes, error)) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := read(buffer); err != nil {
			return
		}
	}
}

func (s *server) serve(socket *websocket.Conn) error {
	peer, err := s.newPeer()
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
	s := &server{}
	flag.BoolVar(&s.skipsSilence, "skip-silence", false, "send nothing while the caller is silent")
	flag.Parse()
	var err error
	if s.api, err = newAPI(); err != nil {
		log.Fatal(err)
	}
	certificate, err := newCertificate()
	if err != nil {
		log.Fatal(err)
	}
	s.certificates = []webrtc.Certificate{*certificate}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	handler := func(socket *websocket.Conn) { _ = s.serve(socket) }
	http.Handle("/ws", websocket.Server{Handler: handler})
	fmt.Printf("listening url=ws://%s/ws\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
