// load makes many calls at a fraction of what voice-gateway-call costs for each, so that a machine which also runs the
// gateway has room for a hundred: the speech is encoded once, and what comes back is counted, not decoded.
//
//	load URL IN.wav CALLS RAMP_MS DURATION_S
//
// It prints those members of voice-gateway-call --json that it knows.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
	"golang.org/x/net/websocket"

	"voice-gateway-pion/opus"
	"voice-gateway-pion/wav"
	"voice-gateway-pion/wire"
)

const (
	frameDuration    = 20 * time.Millisecond
	connectTimeout   = 20 * time.Second
	endTimeout       = 10 * time.Second
	nPhases          = 4
	pauseFrames      = 50 // of silence, before the speech repeats
	voicedBytes      = 40 // a packet of 24 kbit/s speech has 60, one of silence a few
	minVoicedPackets = 10 // as VGW_CALL_MIN_VOICED_WINDOWS
)

type report struct {
	Result       string   `json:"result"`
	Failure      *string  `json:"failure"`
	SessionID    string   `json:"session_id"`
	NSent        int      `json:"packets_sent"`
	NReceived    int      `json:"packets_received"`
	NLost        int      `json:"packets_lost"`
	SaidStartMs  *float64 `json:"said_start_ms"`
	HeardStartMs *float64 `json:"heard_start_ms"`
}

type call struct {
	url     string
	started time.Time
	peer    *webrtc.PeerConnection
	local   *webrtc.TrackLocalStaticSample
	socket  *websocket.Conn

	connects  sync.Once // a connection that comes back is the same one
	connected chan struct{}
	answered  chan wire.Description
	failed    chan error
	ended     chan struct{}

	lock     sync.Mutex
	report   report // guarded by lock
	nVoiced  int    // guarded by lock
	first    uint16 // guarded by lock
	nExpects int    // guarded by lock; by sequence numbers
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newAPI() *webrtc.API {
	engine := &webrtc.MediaEngine{}
	codec := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: opus.ClockRateHz, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	must(engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: 111},
		webrtc.RTPCodecTypeAudio))
	settings := webrtc.SettingEngine{}
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings)) // without interceptors
}

func encode(path string) [][]byte {
	samples, err := wav.Read(path, opus.RateHz)
	must(err)
	encoder, err := opus.NewEncoder()
	must(err)
	samples = append(samples, make([]int16, pauseFrames*opus.FrameSamples)...)
	var packets [][]byte
	for ; len(samples) >= opus.FrameSamples; samples = samples[opus.FrameSamples:] {
		packet, err := encoder.Encode(samples[:opus.FrameSamples])
		must(err)
		packets = append(packets, append([]byte(nil), packet...))
	}
	return packets
}

func (c *call) sinceStartMs() *float64 {
	ms := float64(time.Since(c.started).Microseconds()) / 1000
	return &ms
}

func (c *call) listen(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		c.lock.Lock()
		if c.report.NReceived == 0 {
			c.first = packet.SequenceNumber
			c.report.HeardStartMs = c.sinceStartMs()
		}
		c.report.NReceived++
		// a call of 20 minutes, and no more, fits into the cycle of sequence numbers
		if n := int(packet.SequenceNumber-c.first) + 1; n > c.nExpects {
			c.nExpects = n
		}
		if len(packet.Payload) >= voicedBytes {
			c.nVoiced++
		}
		c.lock.Unlock()
	}
}

func (c *call) read() {
	for {
		message, err := wire.Receive(c.socket)
		if err != nil {
			c.failed <- err
			close(c.ended)
			return
		}
		var state wire.State
		var description wire.Description
		var session struct{ ID string }
		switch message.Type {
		case "session":
			must(wire.Decode(message, &session))
			c.lock.Lock()
			c.report.SessionID = session.ID
			c.lock.Unlock()
		case "answer":
			must(wire.Decode(message, &description))
			c.answered <- description
		case "state":
			must(wire.Decode(message, &state))
			if state.State == "ended" {
				c.failed <- fmt.Errorf("the gateway ended the session: %s", state.Reason)
				close(c.ended)
				return
			}
		case "error":
			c.failed <- fmt.Errorf("the gateway refused: %s", message.Payload)
		}
	}
}

func (c *call) open(api *webrtc.API) (err error) {
	if c.socket, err = websocket.Dial(c.url, "", strings.Replace(c.url, "ws", "http", 1)); err != nil {
		return err
	}
	if c.peer, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: opus.ClockRateHz, Channels: 2}
	if c.local, err = webrtc.NewTrackLocalStaticSample(codec, "audio", "load"); err != nil {
		return err
	}
	if _, err = c.peer.AddTrack(c.local); err != nil {
		return err
	}
	c.peer.OnTrack(c.listen)
	c.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			c.connects.Do(func() { close(c.connected) })
		}
	})
	c.peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			_ = wire.Send(c.socket, "candidate", candidate.ToJSON()) // the reader hears of a lost connection
		}
	})
	go c.read()
	return nil
}

func (c *call) connect() error {
	offer, err := c.peer.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := wire.Send(c.socket, "offer", wire.Description{Type: "offer", SDP: offer.SDP}); err != nil {
		return err
	}
	if err := c.peer.SetLocalDescription(offer); err != nil {
		return err
	}
	timeout := time.After(connectTimeout)
	for {
		select {
		case answer := <-c.answered:
			err := c.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP})
			if err != nil {
				return err
			}
		case <-c.connected:
			return nil
		case err := <-c.failed:
			return err
		case <-timeout:
			return fmt.Errorf("not connected in time")
		}
	}
}

// say sends the packets at absolute times, again and again.
func (c *call) say(packets [][]byte, duration time.Duration) error {
	// four phases for all calls, so that a timer which has woken the process up serves many of them
	begin := time.Now().Truncate(frameDuration / nPhases).Add(frameDuration / nPhases)
	c.lock.Lock()
	c.report.SaidStartMs = c.sinceStartMs()
	c.lock.Unlock()
	for n := 0; ; n++ {
		due := begin.Add(time.Duration(n) * frameDuration)
		if due.Sub(begin) >= duration {
			return nil
		}
		time.Sleep(time.Until(due))
		select {
		case err := <-c.failed:
			return err
		default:
		}
		sample := media.Sample{Data: packets[n%len(packets)], Duration: frameDuration}
		if err := c.local.WriteSample(sample); err != nil {
			return err
		}
		c.lock.Lock()
		c.report.NSent++
		c.lock.Unlock()
	}
}

func (c *call) run(api *webrtc.API, packets [][]byte, duration time.Duration) {
	c.started = time.Now()
	err := c.open(api)
	if err == nil {
		err = c.connect()
	}
	if err == nil {
		err = c.say(packets, duration)
	}
	if err == nil {
		err = wire.Send(c.socket, "bye", struct{}{})
		select {
		case <-c.ended:
		case <-time.After(endTimeout):
			err = fmt.Errorf("no good-bye in time")
		}
	}
	c.judge(err)
	if c.socket != nil {
		_ = c.socket.Close()
	}
	if c.peer != nil {
		_ = c.peer.Close()
	}
}

func (c *call) judge(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.report.Result = "ok"
	if err != nil {
		failure := err.Error()
		c.report.Result, c.report.Failure = "failed", &failure
	} else if c.nVoiced < minVoicedPackets {
		c.report.Result = "no-audio"
	}
	if c.nExpects > c.report.NReceived {
		c.report.NLost = c.nExpects - c.report.NReceived
	}
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	must(err)
	return value
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: load URL IN.wav CALLS RAMP_MS DURATION_S")
	}
	packets, api := encode(os.Args[2]), newAPI()
	ramp := time.Duration(number(os.Args[4]) * float64(time.Millisecond))
	duration := time.Duration(number(os.Args[5]) * float64(time.Second))
	calls := make([]*call, int(number(os.Args[3])))
	var running sync.WaitGroup
	for i := range calls {
		calls[i] = &call{
			url: os.Args[1], connected: make(chan struct{}), answered: make(chan wire.Description, 1),
			failed: make(chan error, 8), ended: make(chan struct{}),
		}
		running.Add(1)
		go func(c *call) {
			defer running.Done()
			c.run(api, packets, duration)
		}(calls[i])
		time.Sleep(ramp)
	}
	running.Wait()

	reports, summary := []report{}, map[string]int{"calls": len(calls), "ok": 0, "packets_lost": 0}
	for _, c := range calls {
		c.lock.Lock() // the reader of the track may outlive the peer
		reports = append(reports, c.report)
		c.lock.Unlock()
		summary["packets_lost"] += c.report.NLost
		if c.report.Result == "ok" {
			summary["ok"]++
		}
	}
	text, err := json.Marshal(map[string]interface{}{"calls": reports, "summary": summary})
	must(err)
	fmt.Println(string(text))
}
