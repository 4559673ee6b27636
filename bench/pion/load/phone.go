package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"

	"github.com/pion/dtls/v2"
	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v2/stdnet"
	"github.com/pion/webrtc/v3"

	"voice-gateway-pion/opus"
)

// A phone is what calls have in common: one certificate and one list of the machine's interfaces for all of them, since
// creating them is no part of what is measured.
type phone struct {
	engine       *webrtc.MediaEngine
	reports      *interceptor.Registry
	certificates []webrtc.Certificate
	net          *stdnet.Net
}

// newPhone offers what a browser offers of audio, with its reports (RTCP), but without mDNS and IPv6.
func newPhone() *phone {
	p := &phone{engine: &webrtc.MediaEngine{}, reports: &interceptor.Registry{}}
	codec := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: opus.ClockRateHz, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	must(p.engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: 111},
		webrtc.RTPCodecTypeAudio))
	must(webrtc.ConfigureRTCPReports(p.reports))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	certificate, err := webrtc.GenerateCertificate(key)
	must(err)
	p.certificates = []webrtc.Certificate{*certificate}
	p.net, err = stdnet.NewNet()
	must(err)
	return p
}

func (p *phone) newPeer() (*webrtc.PeerConnection, error) {
	early := &earlyNet{Net: p.net}
	settings := webrtc.SettingEngine{}
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetNet(early)
	// what Chromium prefers to GCM, which pion would choose with itself, and GStreamer does not have
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(p.engine), webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(p.reports))
	peer, err := api.NewPeerConnection(webrtc.Configuration{Certificates: p.certificates})
	if err != nil {
		return nil, err
	}
	peer.SCTP().Transport().OnStateChange(func(webrtc.DTLSTransportState) { early.release() })
	return peer, nil
}
