package main

import (
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"

	"voice-gateway-pion/opus"
)

const (
	frameTicks  = opus.ClockRateHz / 50
	silencePeak = 300 // as engine echo with skip-silence
	holdFrames  = 10
)

// echo is the work of a session: decode to PCM, encode, send. With skipsSilence it sends nothing while the caller is
// silent, as engine echo of voice-gateway with skip-silence.
func echo(remote *webrtc.TrackRemote, local *webrtc.TrackLocalStaticRTP, skipsSilence bool) error {
	decoder, err := opus.NewDecoder()
	if err != nil {
		return err
	}
	encoder, err := opus.NewEncoder()
	if err != nil {
		return err
	}
	var pcm []int16
	header := rtp.Header{Version: 2}
	nQuiet := holdFrames
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
			header.Timestamp += frameTicks
			if nQuiet++; !isSilent(pcm[:opus.FrameSamples]) {
				nQuiet = 0
			}
			if skipsSilence && nQuiet > holdFrames {
				continue
			}
			encoded, err := encoder.Encode(pcm[:opus.FrameSamples])
			if err != nil {
				return err
			}
			header.SequenceNumber++
			if err := local.WriteRTP(&rtp.Packet{Header: header, Payload: encoded}); err != nil {
				return err
			}
		}
	}
}

func isSilent(pcm []int16) bool {
	for _, sample := range pcm {
		if sample > silencePeak || sample < -silencePeak {
			return false
		}
	}
	return true
}
