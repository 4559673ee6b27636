// caller calls the gateway with pion: says a WAV, writes what comes back, sends one event and prints those that come.
// By the gateway's own signaling where URL is ws:, by WHIP where it is http:.
//
//	caller [--restart-ice] URL IN.wav OUT.wav
//
// --restart-ice: with an offer, when half of the WAV is said.
package main

import (
	"flag"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"

	"voice-gateway-pion/opus"
	"voice-gateway-pion/wav"
)

const (
	frameDuration  = 20 * time.Millisecond
	connectTimeout = 60 * time.Second
	tailFrames     = 75 // 1.5 s for the rest of the echo
)

// signaling ends the program where it fails.
type signaling interface {
	offer(sdp string) (answer string)
	candidate(candidate webrtc.ICECandidateInit) // from any goroutine, also before there is an answer
	bye() (reason string)
}

type call struct {
	peer      *webrtc.PeerConnection
	local     *webrtc.TrackLocalStaticSample
	signaling signaling
	connected chan struct{}
	isUp      sync.Once
	lock      sync.Mutex
	heard     []int16 // guarded by lock
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func (c *call) listen(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	decoder, err := opus.NewDecoder()
	must(err)
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		pcm, err := decoder.Decode(packet.Payload)
		must(err)
		c.lock.Lock()
		c.heard = append(c.heard, pcm...)
		c.lock.Unlock()
	}
}

func (c *call) open() {
	var err error
	c.peer, err = webrtc.NewPeerConnection(webrtc.Configuration{})
	must(err)
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	c.local, err = webrtc.NewTrackLocalStaticSample(codec, "audio", "caller")
	must(err)
	_, err = c.peer.AddTrack(c.local)
	must(err)
	channel, err := c.peer.CreateDataChannel("events", nil)
	must(err)
	channel.OnOpen(func() { must(channel.SendText(`{"from":"pion"}`)) })
	channel.OnMessage(func(message webrtc.DataChannelMessage) { fmt.Printf("event %s\n", message.Data) })
	c.peer.OnTrack(c.listen)
	c.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			c.isUp.Do(func() { close(c.connected) })
		}
	})
	c.peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			c.signaling.candidate(candidate.ToJSON())
		}
	})
}

func (c *call) negotiate(options *webrtc.OfferOptions) {
	offer, err := c.peer.CreateOffer(options)
	must(err)
	must(c.peer.SetLocalDescription(offer))
	answer := c.signaling.offer(offer.SDP)
	must(c.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
}

func (c *call) connect() {
	c.negotiate(nil)
	select {
	case <-c.connected:
	case <-time.After(connectTimeout):
		log.Fatal("not connected in time")
	}
}

func (c *call) say(samples []int16) {
	encoder, err := opus.NewEncoder()
	must(err)
	samples = append(samples, make([]int16, tailFrames*opus.FrameSamples)...)
	ticker := time.NewTicker(frameDuration)
	defer ticker.Stop()
	for ; len(samples) >= opus.FrameSamples; samples = samples[opus.FrameSamples:] {
		<-ticker.C
		packet, err := encoder.Encode(samples[:opus.FrameSamples])
		must(err)
		must(c.local.WriteSample(media.Sample{Data: packet, Duration: frameDuration}))
	}
}

func main() {
	log.SetFlags(0)
	restartsICE := flag.Bool("restart-ice", false, "restart ICE in mid-call")
	flag.Parse()
	if flag.NArg() != 3 {
		log.Fatal("usage: caller [--restart-ice] URL IN.wav OUT.wav")
	}
	samples, err := wav.Read(flag.Arg(1), opus.RateHz)
	must(err)
	c := &call{connected: make(chan struct{})}
	if strings.HasPrefix(flag.Arg(0), "ws") {
		c.signaling = dial(flag.Arg(0))
	} else {
		c.signaling = &whip{endpoint: flag.Arg(0)}
	}
	c.open()
	c.connect()
	if *restartsICE {
		half := time.Duration(len(samples)/2) * time.Second / opus.RateHz
		time.AfterFunc(half, func() { c.negotiate(&webrtc.OfferOptions{ICERestart: true}) })
	}
	c.say(samples)
	reason := c.signaling.bye()
	must(c.peer.Close())
	c.lock.Lock() // the reader of the track may outlive the peer
	must(wav.Write(flag.Arg(2), c.heard, opus.RateHz))
	fmt.Printf("ended %s\n", reason)
}
