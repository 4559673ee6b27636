package main

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"
)

const (
	firstDTLSByte = 20 // RFC 7983 section 7
	lastDTLSByte  = 63
)

var (
	aLongTimeAgo = time.Unix(1, 0)
	never        = time.Time{}
)

// An earlyNet keeps DTLS packets that come before pion's DTLS is there. A browser does so too; pion drops the gateway's
// ClientHello, which often is faster than the last step of ICE, and the handshake waits a second for the next one.
type earlyNet struct {
	*stdnet.Net // of all calls

	lock    sync.Mutex
	isReady bool         // guarded by lock, as the next one
	sockets []*earlyConn // until it is ready
}

type earlyConn struct {
	transport.UDPConn
	net  *earlyNet
	kept []keptPacket // guarded by net.lock
}

type keptPacket struct {
	data []byte
	from net.Addr
}

func (n *earlyNet) ListenUDP(network string, address *net.UDPAddr) (transport.UDPConn, error) {
	socket, err := n.Net.ListenUDP(network, address)
	if err != nil {
		return nil, err
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	conn := &earlyConn{UDPConn: socket, net: n}
	n.sockets = append(n.sockets, conn)
	return conn, nil
}

// release passes on what was kept, and everything from then on. It interrupts reads that wait.
func (n *earlyNet) release() {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.isReady = true
	for _, conn := range n.sockets {
		if len(conn.kept) > 0 {
			_ = conn.UDPConn.SetReadDeadline(aLongTimeAgo)
		}
	}
	n.sockets = nil
}

// keep returns whether the packet is to wait.
func (c *earlyConn) keep(data []byte, from net.Addr) bool {
	if len(data) == 0 || data[0] < firstDTLSByte || data[0] > lastDTLSByte {
		return false
	}
	c.net.lock.Lock()
	defer c.net.lock.Unlock()
	if c.net.isReady {
		return false
	}
	c.kept = append(c.kept, keptPacket{append([]byte(nil), data...), from})
	return true
}

func (c *earlyConn) take(buffer []byte) (n int, from net.Addr, isThere bool) {
	c.net.lock.Lock()
	defer c.net.lock.Unlock()
	if !c.net.isReady || len(c.kept) == 0 {
		return 0, nil, false
	}
	packet := c.kept[0]
	c.kept = c.kept[1:]
	return copy(buffer, packet.data), packet.from, true
}

func (c *earlyConn) ReadFrom(buffer []byte) (int, net.Addr, error) {
	for {
		if n, from, isThere := c.take(buffer); isThere {
			return n, from, nil
		}
		n, from, err := c.UDPConn.ReadFrom(buffer)
		if os.IsTimeout(err) {
			_ = c.UDPConn.SetReadDeadline(never)
		} else if err != nil || !c.keep(buffer[:n], from) {
			return n, from, err
		}
	}
}
