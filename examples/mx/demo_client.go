package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"time"

	"github.com/pires/go-proxyproto"
)

// A client is the other side of the demonstration: it speaks SMTP over TCP, one
// command at a time, and keeps what was said.
type client struct {
	conn net.Conn
	text *textproto.Conn
	said []string // the dialogue, "C: " and "S: " in front of each line
}

// clientTimeout bounds a whole session of the demonstration.
const clientTimeout = 30 * time.Second

// A reply is what the server said to a command.
type reply struct {
	code int
	text string // of a reply with several lines, the last one
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.code, r.text) }

func (r reply) refused() bool { return r.code >= 400 }

// dial connects to server as a proxy does that passes on a client of the given
// address: with a PROXY header in front. The reply is the greeting.
func dial(server netip.AddrPort, as netip.Addr) (*client, reply, error) {
	conn, err := net.Dial("tcp", server.String())
	if err != nil {
		return nil, reply{}, err
	}
	conn.SetDeadline(time.Now().Add(clientTimeout))
	source := net.TCPAddrFromAddrPort(netip.AddrPortFrom(as, 40000))
	destination := net.TCPAddrFromAddrPort(server)
	if _, err := proxyproto.HeaderProxyFromAddrs(2, source, destination).WriteTo(conn); err != nil {
		conn.Close()
		return nil, reply{}, err
	}
	c := &client{conn: conn, text: textproto.NewConn(conn)}
	greeting, err := c.read()
	if err != nil {
		conn.Close()
		return nil, reply{}, err
	}
	return c, greeting, nil
}

// command sends one line and returns the reply to it.
func (c *client) command(format string, args ...any) (reply, error) {
	line := fmt.Sprintf(format, args...)
	c.said = append(c.said, "C: "+line)
	if err := c.text.PrintfLine("%s", line); err != nil {
		return reply{}, err
	}
	return c.read()
}

func (c *client) read() (reply, error) {
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return reply{}, err
		}
		c.said = append(c.said, "S: "+line)
		var r reply
		var sep byte
		if n, _ := fmt.Sscanf(line, "%3d%c", &r.code, &sep); n < 2 {
			return reply{}, fmt.Errorf("not a reply: %q", line)
		}
		if sep == ' ' {
			r.text = line[4:]
			return r, nil
		}
	}
}

// startTLS encrypts the rest of the session. The certificate of the
// demonstration is nobody's: like most servers between themselves, the client
// takes any.
func (c *client) startTLS() (reply, error) {
	r, err := c.command("STARTTLS")
	if err != nil || r.refused() {
		return r, err
	}
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		return reply{}, err
	}
	c.conn, c.text = conn, textproto.NewConn(conn)
	return r, nil
}

// login authenticates with the PLAIN mechanism (RFC 4616).
func (c *client) login(name, password string) (reply, error) {
	response := base64.StdEncoding.EncodeToString([]byte("\x00" + name + "\x00" + password))
	r, err := c.command("AUTH PLAIN %s", response)
	c.said[len(c.said)-2] = "C: AUTH PLAIN (name and password)"
	return r, err
}

// send transfers a message octet by octet, dots doubled, after DATA has been
// accepted.
func (c *client) send(message []byte) (reply, error) {
	c.said = append(c.said, fmt.Sprintf("C: (message of %d octets)", len(message)))
	stuffed := strings.ReplaceAll("\r\n"+string(message), "\r\n.", "\r\n..")[2:]
	if _, err := c.text.W.WriteString(stuffed + ".\r\n"); err != nil {
		return reply{}, err
	}
	if err := c.text.W.Flush(); err != nil {
		return reply{}, err
	}
	return c.read()
}

func (c *client) close() { c.conn.Close() }
