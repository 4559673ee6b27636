package main

import (
	"sync"
	"sync/atomic"
	"time"
)

const maxGapMs = 5000

// A meter counts what all calls send and receive while its window is open, and keeps all probes.
type meter struct {
	begin      time.Time
	ramped     time.Time // when the last call was started
	isOpen     int32     // atomic, as the counters
	nSent      int64
	nReceived  int64
	gaps       [maxGapMs + 1]int64 // of each call's received packets, in ms
	openedAt   time.Time
	closedAt   time.Time
	lock       sync.Mutex
	probes     [][2]float64 // guarded by lock; when it was sent, since begin, and its latency, ms
	nProbeLost int          // guarded by lock
}

func newMeter() *meter {
	return &meter{begin: time.Now()}
}

func (m *meter) sinceBeginMs(moment time.Time) float64 {
	return float64(moment.Sub(m.begin).Microseconds()) / 1000
}

func (m *meter) open() {
	m.openedAt = time.Now()
	atomic.StoreInt32(&m.isOpen, 1)
}

// close also counts the time since the last packet of each call, which is a gap that did not end.
func (m *meter) close(calls []*call) {
	m.closedAt = time.Now()
	atomic.StoreInt32(&m.isOpen, 0)
	for _, c := range calls {
		c.lock.Lock()
		last := c.lastReceived
		c.lock.Unlock()
		if last.Before(m.openedAt) {
			last = m.openedAt
		}
		m.countGap(m.closedAt.Sub(last))
	}
}

func (m *meter) countGap(gap time.Duration) {
	ms := int(gap.Milliseconds())
	if ms < 0 { // a packet that came while the window closed
		ms = 0
	}
	if ms > maxGapMs {
		ms = maxGapMs
	}
	atomic.AddInt64(&m.gaps[ms], 1)
}

func (m *meter) sent() {
	if atomic.LoadInt32(&m.isOpen) == 1 {
		atomic.AddInt64(&m.nSent, 1)
	}
}

// received: last is the time of the call's packet before, zero for none.
func (m *meter) received(now, last time.Time) {
	if atomic.LoadInt32(&m.isOpen) == 0 {
		return
	}
	atomic.AddInt64(&m.nReceived, 1)
	if !last.IsZero() {
		m.countGap(now.Sub(last))
	}
}

func (m *meter) addProbe(sent time.Time, latency time.Duration) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.probes = append(m.probes, [2]float64{m.sinceBeginMs(sent), float64(latency.Microseconds()) / 1000})
}

func (m *meter) loseProbe() {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.nProbeLost++
}

func (m *meter) gapPercentileMs(fraction float64) int {
	var total, passed int64
	for _, n := range m.gaps {
		total += n
	}
	for ms, n := range m.gaps {
		passed += n
		if passed > 0 && float64(passed) >= fraction*float64(total) {
			return ms
		}
	}
	return maxGapMs
}

func (m *meter) describe() map[string]interface{} {
	m.lock.Lock()
	defer m.lock.Unlock()
	return map[string]interface{}{
		"ramped_ms": m.sinceBeginMs(m.ramped), "opened_ms": m.sinceBeginMs(m.openedAt),
		"closed_ms": m.sinceBeginMs(m.closedAt), "packets_sent": m.nSent, "packets_received": m.nReceived,
		"gap_p50_ms": m.gapPercentileMs(0.5), "gap_p99_ms": m.gapPercentileMs(0.99),
		"probes": m.probes, "probes_lost": m.nProbeLost,
	}
}
