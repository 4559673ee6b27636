package main

import (
	"math"
	"math/rand"

	"voice-gateway-pion/opus"
	"voice-gateway-pion/wav"
)

const (
	probeHz         = 1000
	probePeak       = 10000
	probeFrames     = 5  // 100 ms
	gapFrames       = 12 // of silence before and after the probe
	armFrames       = 5  // that are decoded before the probe comes back, for the state of the decoder
	turnFrames      = 200
	listenFrames    = 300 // of 500 in all: 40 % speech
	roomRMS         = 8   // a quiet room behind a browser's noise suppression
	dtxHoldFrames   = 10  // libopus sends 200 ms of silence before it stops
	dtxUpdateFrames = 20  // and then a frame each 400 ms; after each, Chromium sends a packet without audio
)

// A frame is 20 ms of what all callers say, from places of their own.
type frame struct {
	packet    []byte
	nQuiet    int  // frames of silence before it, in a turn of listening; 0: speech
	armsProbe bool // the probe comes soon
	isProbe   bool // the first frame of a probe
}

type script struct {
	frames []frame
}

// newScript encodes what a caller says, again and again. Alone it is the phrase in two halves, each followed by a probe
// between silence: 81 % speech. In a conversation it is 4 s of the phrase, then 6 s of a quiet room: Chromium and Firefox
// send Opus without DTX, so a caller who is silent sends 50 packets a second too.
func newScript(path string, isConversation bool) *script {
	speech, err := wav.Read(path, opus.RateHz)
	must(err)
	s := &script{}
	var samples []int16
	add := func(pcm []int16, kind func(i int) frame) {
		for i := 0; len(pcm) >= opus.FrameSamples; i++ {
			s.frames = append(s.frames, kind(i))
			samples = append(samples, pcm[:opus.FrameSamples]...)
			pcm = pcm[opus.FrameSamples:]
		}
	}
	spoken := func(int) frame { return frame{} }
	if isConversation {
		add(speech[:turnFrames*opus.FrameSamples], spoken)
		add(noise(listenFrames), func(i int) frame { return frame{nQuiet: i + 1} })
	} else {
		half := len(speech) / 2 / opus.FrameSamples * opus.FrameSamples
		for _, part := range [][]int16{speech[:half], speech[half:]} {
			add(part, spoken)
			add(noise(gapFrames), func(i int) frame { return frame{armsProbe: i == gapFrames-armFrames} })
			add(beep(), func(i int) frame { return frame{isProbe: i == 0} })
			add(noise(gapFrames), spoken)
		}
	}
	s.encode(samples)
	return s
}

func (s *script) encode(samples []int16) {
	encoder, err := opus.NewEncoder()
	must(err)
	for round := 0; round < 2; round++ { // the second one continues the first, as every later one does
		for i := range s.frames {
			packet, err := encoder.Encode(samples[i*opus.FrameSamples : (i+1)*opus.FrameSamples])
			must(err)
			s.frames[i].packet = append([]byte(nil), packet...)
		}
	}
}

// at is the nth frame of a call; calls are spread over the script by the golden ratio.
func (s *script) at(call, n int) frame {
	_, place := math.Modf(float64(call) * math.Phi)
	return s.frames[(int(place*float64(len(s.frames)))+n)%len(s.frames)]
}

// onWire is the packet that is sent, nil for none. With DTX, which the answer asks for by usedtx=1, a silence is the
// packets of its first frames, then one without audio and nothing, and so on after each update.
func (f frame) onWire(usesDTX bool) []byte {
	if !usesDTX || f.nQuiet <= dtxHoldFrames {
		return f.packet
	}
	switch (f.nQuiet - dtxHoldFrames) % dtxUpdateFrames {
	case 0:
		return f.packet
	case 1:
		return []byte{f.packet[0] &^ 3} // a frame of no bytes: RFC 6716 section 3.2.1
	}
	return nil
}

func noise(nFrames int) []int16 {
	random := rand.New(rand.NewSource(1))
	pcm := make([]int16, nFrames*opus.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(math.Round(random.NormFloat64() * roomRMS))
	}
	return pcm
}

func beep() []int16 {
	pcm := make([]int16, probeFrames*opus.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(probePeak * math.Cos(2*math.Pi*probeHz*float64(i)/opus.RateHz))
	}
	return pcm
}
