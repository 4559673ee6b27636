package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
	"golang.org/x/net/websocket"

	"voice-gateway-pion/opus"
	"voice-gateway-pion/wire"
)

const (
	frameDuration    = 20 * time.Millisecond
	frameTicks       = opus.ClockRateHz / 50
	phase            = time.Millisecond // calls begin at multiples of it: one timer serves several of them
	connectTimeout   = 20 * time.Second
	endTimeout       = 10 * time.Second
	voicedBytes      = 40 // a packet of 24 kbit/s speech has 60, one of silence a few
	minVoicedPackets = 10 // as VGW_CALL_MIN_VOICED_WINDOWS
)

type report struct {
	Result       string   `json:"result"`
	Failure      *string  `json:"failure"`
	SessionID    string   `json:"session_id"`
	AnswerMs     *float64 `json:"answer_ms"`
	DTLSMs       *float64 `json:"dtls_ms"`
	NSent        int      `json:"packets_sent"`
	NReceived    int      `json:"packets_received"`
	NLost        int      `json:"packets_lost"`
	SaidStartMs  *float64 `json:"said_start_ms"`
	HeardStartMs *float64 `json:"heard_start_ms"`
	FinishedMs   float64  `json:"finished_ms"` // since the start of the program's first call
}

type call struct {
	*options
	number             int
	meter              *meter
	endsWithFirstAudio bool
	started            time.Time
	peer               *webrtc.PeerConnection
	local              *webrtc.TrackLocalStaticRTP
	socket             *websocket.Conn
	usesDTX            bool // the answer asks for it

	connects   sync.Once // a connection that comes back is the same one
	connected  chan struct{}
	firstAudio chan struct{} // closed with the first packet
	answered   chan wire.Description
	failed     chan error
	ended      chan struct{}

	lock         sync.Mutex
	report       report    // guarded by lock
	probe        probe     // guarded by lock
	lastReceived time.Time // guarded by lock
	nVoiced      int       // guarded by lock
	first        uint16    // guarded by lock
	nExpects     int       // guarded by lock; by sequence numbers
}

func newCall(o *options, number int, meter *meter) *call {
	return &call{
		options: o, number: number, meter: meter, connected: make(chan struct{}), firstAudio: make(chan struct{}),
		answered: make(chan wire.Description, 1), failed: make(chan error, 8), ended: make(chan struct{}),
	}
}

func (c *call) sinceStartMs() *float64 {
	ms := float64(time.Since(c.started).Microseconds()) / 1000
	return &ms
}

func (c *call) note(moment **float64) {
	now := c.sinceStartMs()
	c.lock.Lock()
	*moment = now
	c.lock.Unlock()
}

// count is for each packet that comes back.
func (c *call) count(packet *rtp.Packet, now time.Time) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.report.NReceived == 0 {
		c.first = packet.SequenceNumber
		c.report.HeardStartMs = c.sinceStartMs()
		close(c.firstAudio)
	}
	c.report.NReceived++
	// a call of 20 minutes, and no more, fits into the cycle of sequence numbers
	if n := int(packet.SequenceNumber-c.first) + 1; n > c.nExpects {
		c.nExpects = n
	}
	if len(packet.Payload) >= voicedBytes {
		c.nVoiced++
	}
	c.meter.received(now, c.lastReceived)
	c.lastReceived = now
	if !c.probe.isArmed {
		return
	}
	sent := c.probe.sent
	if latency, isFound := c.probe.hear(packet.Payload, now); isFound {
		c.meter.addProbe(sent, latency)
	} else if c.probe.isOver(now) {
		c.probe.isArmed = false
		c.meter.loseProbe()
	}
}

func (c *call) listen(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	go drain(receiver.Read)
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		c.count(packet, time.Now())
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
			c.note(&c.report.AnswerMs)
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

func (c *call) open() (err error) {
	if c.socket, err = websocket.Dial(c.url, "", strings.Replace(c.url, "ws", "http", 1)); err != nil {
		return err
	}
	if c.peer, err = c.phone.newPeer(); err != nil {
		return err
	}
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: opus.ClockRateHz, Channels: 2}
	if c.local, err = webrtc.NewTrackLocalStaticRTP(codec, "audio", "load"); err != nil {
		return err
	}
	sender, err := c.peer.AddTrack(c.local)
	if err != nil {
		return err
	}
	go drain(sender.Read)
	c.peer.OnTrack(c.listen)
	c.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			c.connects.Do(func() { close(c.connected) })
		}
	})
	c.peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			_ = wire.Send(c.socket, "candidate", candidate.ToJSON()) // read () returns the error of a lost connection
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
			c.usesDTX = strings.Contains(answer.SDP, "usedtx=1")
			err := c.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP})
			if err != nil {
				return err
			}
		case <-c.connected:
			c.note(&c.report.DTLSMs)
			return nil
		case err := <-c.failed:
			return err
		case <-timeout:
			return fmt.Errorf("not connected in time: ICE %s, DTLS %s", c.peer.ICEConnectionState(),
				c.peer.SCTP().Transport().State())
		}
	}
}

// say sends the script at absolute times until the call is over.
func (c *call) say(until func(begin time.Time) time.Time) error {
	begin := time.Now().Truncate(phase).Add(phase)
	end := until(begin)
	c.note(&c.report.SaidStartMs)
	firstAudio := c.firstAudio
	if !c.endsWithFirstAudio {
		firstAudio = nil
	}
	for n := 0; ; n++ {
		due := begin.Add(time.Duration(n) * frameDuration)
		if !due.Before(end) {
			return nil
		}
		time.Sleep(time.Until(due))
		select {
		case err := <-c.failed:
			return err
		case <-firstAudio:
			return nil
		default:
		}
		if err := c.send(n); err != nil {
			return err
		}
	}
}

func (c *call) send(n int) error {
	frame := c.script.at(c.number, n)
	packet := frame.onWire(c.usesDTX)
	if packet == nil {
		return nil
	}
	c.lock.Lock()
	if frame.armsProbe {
		c.probe.arm()
	} else if frame.isProbe && c.probe.isArmed {
		c.probe.sent = time.Now()
	}
	header := rtp.Header{Version: 2, SequenceNumber: uint16(c.report.NSent), Timestamp: uint32(n * frameTicks)}
	c.report.NSent++
	c.lock.Unlock()
	c.meter.sent()
	return c.local.WriteRTP(&rtp.Packet{Header: header, Payload: packet})
}

// run makes the whole call; until is the time of its end, for the time of its first packet.
func (c *call) run(until func(begin time.Time) time.Time) {
	c.started = time.Now()
	err := c.open()
	if err == nil {
		err = c.connect()
	}
	if err == nil {
		err = c.say(until)
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
	c.report.FinishedMs = c.meter.sinceBeginMs(time.Now())
	if err != nil {
		failure := err.Error()
		c.report.Result, c.report.Failure = "failed", &failure
	} else if c.nVoiced < minVoicedPackets && !c.endsWithFirstAudio {
		c.report.Result = "no-audio"
	}
	if c.nExpects > c.report.NReceived {
		c.report.NLost = c.nExpects - c.report.NReceived
	}
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
