// load makes many calls at a fraction of what voice-gateway-call costs for each, so that a machine which also runs the
// gateway has room for hundreds: the speech is encoded once for all calls, and what comes back is counted. Only the
// packets around a probe, a beep between two phrases, are decoded.
//
//	load --url URL --speech IN.wav --calls N --ramp MS --duration S       N calls of S seconds each
//	load --url URL --speech IN.wav --calls N --ramp MS --settle S --window S [--conversation]
//	                                                                      N calls that are measured together
//	load --url URL --speech IN.wav --setups N --workers K --pause MS      N calls that end with their first audio
//
// It prints one JSON object: those members of voice-gateway-call --json that it knows, and "window". With --window it
// prints the lines "measuring" and "measured" before that, when the window begins and ends.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"sync"
	"syscall"
	"time"
)

type options struct {
	url, speech       string
	nCalls, rampMs    int
	duration          float64
	settle, window    float64
	isConversation    bool
	nSetups, nWorkers int
	pauseMs           int
	phone             *phone
	script            *script
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func seconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Second))
}

// cpuSeconds is what this process has used.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func newCalls(o *options, n int, meter *meter) []*call {
	calls := make([]*call, n)
	for i := range calls {
		calls[i] = newCall(o, i, meter)
	}
	return calls
}

// runForDuration: each call lasts as long as the others, so they end one after the other.
func runForDuration(o *options, calls []*call) {
	var running sync.WaitGroup
	for _, c := range calls {
		running.Add(1)
		go func(c *call) {
			defer running.Done()
			c.run(func(begin time.Time) time.Time { return begin.Add(seconds(o.duration)) })
		}(c)
		time.Sleep(time.Duration(o.rampMs) * time.Millisecond)
	}
	running.Wait()
}

// runForWindow: all calls are there during the window, and end with it.
func runForWindow(o *options, calls []*call, meter *meter) {
	var running sync.WaitGroup
	ramp := time.Duration(len(calls)*o.rampMs) * time.Millisecond
	opens := meter.begin.Add(ramp + seconds(o.settle))
	closes := opens.Add(seconds(o.window))
	for i, c := range calls {
		time.Sleep(time.Until(meter.begin.Add(time.Duration(i*o.rampMs) * time.Millisecond)))
		running.Add(1)
		go func(c *call) {
			defer running.Done()
			c.run(func(time.Time) time.Time { return closes })
		}(c)
	}
	meter.ramped = time.Now()
	time.Sleep(time.Until(opens))
	meter.open()
	fmt.Println("measuring")
	time.Sleep(time.Until(closes))
	meter.close(calls)
	fmt.Println("measured")
	running.Wait()
}

// runSetups: workers make one call after the other, each until its first audio.
func runSetups(o *options, calls []*call) {
	var running sync.WaitGroup
	next := make(chan *call)
	for i := 0; i < o.nWorkers; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for c := range next {
				c.endsWithFirstAudio = true
				c.run(func(begin time.Time) time.Time { return begin.Add(endTimeout) })
				time.Sleep(time.Duration(o.pauseMs) * time.Millisecond)
			}
		}()
	}
	for _, c := range calls {
		next <- c
	}
	close(next)
	running.Wait()
}

func parse() *options {
	o := &options{}
	flag.StringVar(&o.url, "url", "", "ws://HOST:PORT/ws")
	flag.StringVar(&o.speech, "speech", "", "WAV file: 16 bit mono at 16 kHz")
	flag.IntVar(&o.nCalls, "calls", 1, "calls at the same time")
	flag.IntVar(&o.rampMs, "ramp", 100, "milliseconds from one call to the next")
	flag.Float64Var(&o.duration, "duration", 0, "seconds of each call")
	flag.Float64Var(&o.settle, "settle", 2, "seconds from the last call to the window")
	flag.Float64Var(&o.window, "window", 0, "seconds that are measured")
	flag.BoolVar(&o.isConversation, "conversation", false, "speak 40 % of the time")
	flag.IntVar(&o.nSetups, "setups", 0, "calls that end with their first audio")
	flag.IntVar(&o.nWorkers, "workers", 1, "of --setups: calls at the same time")
	flag.IntVar(&o.pauseMs, "pause", 0, "of --setups: milliseconds between two calls of a worker")
	flag.Parse()
	if o.url == "" || o.speech == "" || flag.NArg() > 0 || (o.duration <= 0 && o.window <= 0 && o.nSetups <= 0) {
		log.Fatal("usage: load --url URL --speech IN.wav and --duration, --window or --setups; see --help")
	}
	return o
}

func main() {
	log.SetFlags(0)
	o := parse()
	o.script = newScript(o.speech, o.isConversation)
	o.phone = newPhone()
	meter := newMeter()
	calls := newCalls(o, o.nCalls+o.nSetups, meter)
	switch {
	case o.nSetups > 0:
		calls = calls[:o.nSetups]
		runSetups(o, calls)
	case o.window > 0:
		runForWindow(o, calls, meter)
	default:
		runForDuration(o, calls)
	}
	elapsed := time.Since(meter.begin)

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
	text, err := json.Marshal(map[string]interface{}{
		"calls": reports, "summary": summary, "elapsed_s": elapsed.Seconds(), "cpu_s": cpuSeconds(), "window": meter.describe(),
	})
	must(err)
	fmt.Println(string(text))
}
