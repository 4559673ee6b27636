// Package opus is the part of libopus that one voice stream needs: 16 kHz, mono, 20 ms.
package opus

/*
#cgo pkg-config: opus
#include <opus.h>

static int set_int (OpusEncoder *encoder, int request, int value) { return opus_encoder_ctl (encoder, request, value); }
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

const (
	RateHz       = 16000
	ClockRateHz  = 48000 // of RTP at any rate, RFC 7587 section 4.1
	FrameSamples = RateHz / 50
	maxPacket    = 1500
)

type Encoder struct {
	state  *C.OpusEncoder
	packet [maxPacket]byte
}

type Decoder struct {
	state *C.OpusDecoder
	pcm   [FrameSamples * 6]int16 // a packet holds up to 120 ms, RFC 6716 section 3.1
}

func check(code C.int) error {
	if code < 0 {
		return fmt.Errorf("opus: %s", C.GoString(C.opus_strerror(code)))
	}
	return nil
}

// NewEncoder encodes voice with the settings of pipelines/opus.launch.
func NewEncoder() (*Encoder, error) {
	var code C.int
	state := C.opus_encoder_create(RateHz, 1, C.OPUS_APPLICATION_VOIP, &code)
	if err := check(code); err != nil {
		return nil, err
	}
	settings := [][2]C.int{
		{C.OPUS_SET_COMPLEXITY_REQUEST, 5},
		{C.OPUS_SET_BITRATE_REQUEST, 24000},
		{C.OPUS_SET_INBAND_FEC_REQUEST, 1},
		{C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, 5},
	}
	for _, setting := range settings {
		if err := check(C.set_int(state, setting[0], setting[1])); err != nil {
			return nil, err
		}
	}
	encoder := &Encoder{state: state}
	runtime.SetFinalizer(encoder, func(e *Encoder) { C.opus_encoder_destroy(e.state) })
	return encoder, nil
}

// Encode encodes one frame of FrameSamples. What it returns is valid until the next call.
func (e *Encoder) Encode(pcm []int16) ([]byte, error) {
	if len(pcm) != FrameSamples {
		return nil, fmt.Errorf("opus: a frame has %d samples, not %d", FrameSamples, len(pcm))
	}
	n := C.opus_encode(e.state, (*C.opus_int16)(unsafe.Pointer(&pcm[0])), FrameSamples,
		(*C.uchar)(unsafe.Pointer(&e.packet[0])), maxPacket)
	if err := check(n); err != nil {
		return nil, err
	}
	return e.packet[:n], nil
}

func NewDecoder() (*Decoder, error) {
	var code C.int
	state := C.opus_decoder_create(RateHz, 1, &code)
	if err := check(code); err != nil {
		return nil, err
	}
	decoder := &Decoder{state: state}
	runtime.SetFinalizer(decoder, func(d *Decoder) { C.opus_decoder_destroy(d.state) })
	return decoder, nil
}

// Decode decodes one packet. What it returns is valid until the next call.
func (d *Decoder) Decode(packet []byte) ([]int16, error) {
	if len(packet) == 0 {
		return nil, nil
	}
	n := C.opus_decode(d.state, (*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)),
		(*C.opus_int16)(unsafe.Pointer(&d.pcm[0])), C.int(len(d.pcm)), 0)
	if err := check(n); err != nil {
		return nil, err
	}
	return d.pcm[:n], nil
}
