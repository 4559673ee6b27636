package main

import (
	"math"
	"time"

	"voice-gateway-pion/opus"
)

const (
	hopSamples   = opus.RateHz / 200 // 5 ms: five periods of the probe
	probeTimeout = 3 * time.Second   // below the time from one probe to the next
	minPurity    = 0.8               // of the probe's hops: the part of the energy that is at probeHz
	minRMS       = probePeak / 5
	nPureHops    = 8 // 40 ms: longer than a vowel is that pure
)

// A probe waits for the beep in what comes back. Guarded by the call's lock.
type probe struct {
	isArmed  bool
	sent     time.Time // zero: not yet
	decoder  *opus.Decoder
	pcm      []int16
	arrivals []time.Time // of each frame of pcm
	nPure    int         // hops at the end of pcm that are a beep
}

func (p *probe) arm() {
	if p.decoder == nil {
		decoder, err := opus.NewDecoder()
		must(err)
		p.decoder = decoder
	}
	*p = probe{isArmed: true, decoder: p.decoder}
}

// hear takes a packet that came back. It returns the time from the probe's first packet to the first sample of the beep
// out of the caller's decoder, where this packet completes it. The 20 ms in which a caller fills a frame, and the delay
// of its jitter buffer, are not in it.
func (p *probe) hear(payload []byte, now time.Time) (latency time.Duration, isFound bool) {
	pcm, err := p.decoder.Decode(payload)
	if err != nil || len(pcm) != opus.FrameSamples {
		return 0, false
	}
	p.arrivals = append(p.arrivals, now)
	p.pcm = append(p.pcm, pcm...)
	for i := len(p.pcm) - opus.FrameSamples; i < len(p.pcm); i += hopSamples {
		if !isBeep(p.pcm[i : i+hopSamples]) {
			p.nPure = 0
		} else if p.nPure++; p.nPure == nPureHops && !p.sent.IsZero() {
			p.isArmed = false
			return p.timeOf(p.onset(i - (nPureHops-1)*hopSamples)).Sub(p.sent), true
		}
	}
	return 0, false
}

func (p *probe) isOver(now time.Time) bool {
	return !p.sent.IsZero() && now.Sub(p.sent) > probeTimeout
}

// onset is the first loud sample around the first hop that is a beep.
func (p *probe) onset(hop int) int {
	begin := hop - hopSamples
	if begin < 0 {
		begin = 0
	}
	for i := begin; i < hop+hopSamples; i++ {
		if p.pcm[i] > probePeak/2 || p.pcm[i] < -probePeak/2 {
			return i
		}
	}
	return hop
}

func (p *probe) timeOf(sample int) time.Time {
	offset := time.Duration(sample%opus.FrameSamples) * time.Second / opus.RateHz
	return p.arrivals[sample/opus.FrameSamples].Add(offset)
}

// isBeep compares the energy at probeHz, by Goertzel's algorithm, with all of it.
func isBeep(pcm []int16) bool {
	coefficient := 2 * math.Cos(2*math.Pi*probeHz/opus.RateHz)
	var energy, last, beforeLast float64
	for _, sample := range pcm {
		value := float64(sample)
		energy += value * value
		last, beforeLast = value+coefficient*last-beforeLast, last
	}
	power := last*last + beforeLast*beforeLast - coefficient*last*beforeLast
	n := float64(len(pcm))
	return energy > n*minRMS*minRMS && 2*power/n > minPurity*energy
}
