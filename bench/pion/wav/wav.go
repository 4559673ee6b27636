// Package wav reads and writes the one kind of WAV that the tests use: 16 bit, mono.
package wav

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

const headerBytes = 44

type header struct {
	RIFF          [4]byte
	RIFFBytes     uint32
	WAVE, Fmt     [4]byte
	FmtBytes      uint32
	Format        uint16
	Channels      uint16
	RateHz        uint32
	BytesPerS     uint32
	BlockBytes    uint16
	BitsPerSample uint16
	Data          [4]byte
	DataBytes     uint32
}

// Read returns the samples of a 16 bit mono file at rateHz whose data follows the format at once.
func Read(path string, rateHz uint32) ([]int16, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var head header
	if err := binary.Read(bytes.NewReader(file), binary.LittleEndian, &head); err != nil {
		return nil, err
	}
	if head.Channels != 1 || head.BitsPerSample != 16 || head.RateHz != rateHz || string(head.Data[:]) != "data" {
		return nil, fmt.Errorf("%s: not plain 16 bit mono at %d Hz", path, rateHz)
	}
	body := file[headerBytes:]
	if len(body) > int(head.DataBytes) {
		body = body[:head.DataBytes]
	}
	samples := make([]int16, len(body)/2)
	err = binary.Read(bytes.NewReader(body), binary.LittleEndian, samples)
	return samples, err
}

func Write(path string, samples []int16, rateHz uint32) error {
	size := uint32(len(samples) * 2)
	head := header{
		RIFF: [4]byte{'R', 'I', 'F', 'F'}, RIFFBytes: size + headerBytes - 8,
		WAVE: [4]byte{'W', 'A', 'V', 'E'}, Fmt: [4]byte{'f', 'm', 't', ' '}, FmtBytes: 16,
		Format: 1, Channels: 1, RateHz: rateHz, BytesPerS: rateHz * 2, BlockBytes: 2, BitsPerSample: 16,
		Data: [4]byte{'d', 'a', 't', 'a'}, DataBytes: size,
	}
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, head); err != nil {
		return err
	}
	if err := binary.Write(&out, binary.LittleEndian, samples); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
