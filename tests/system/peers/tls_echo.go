// tls_echo: one end of TLS connections as Go's crypto/tls plays it.
//
//	tls_echo serve ROOTS CHAIN KEY         accepts on a free loopback port and sends bytes back
//	tls_echo call ROOTS CHAIN KEY PORT NAME   sends standard input, writes the answer out
//
// Says on standard error: "port N", "secured IDENTITY GROUP PROTOCOL", "failed REASON".
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "failed", err)
		os.Exit(1)
	}
	return value
}

func configuration(files []string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(files[0])))
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		RootCAs:      roots,
		ClientCAs:    roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{must(tls.LoadX509KeyPair(files[1], files[2]))},
		NextProtos:   []string{"h2", "transport.l5d.io/v1"},
	}
}

func tell(state tls.ConnectionState) {
	fmt.Fprintln(os.Stderr, "secured", state.PeerCertificates[0].DNSNames[0],
		uint16(state.CurveID), "["+state.NegotiatedProtocol+"]")
}

func serve(files []string) {
	listener := must(tls.Listen("tcp4", "127.0.0.1:0", configuration(files)))
	fmt.Fprintln(os.Stderr, "port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection := must(listener.Accept()).(*tls.Conn)
		go func() {
			defer connection.Close()
			if err := connection.Handshake(); err != nil {
				fmt.Fprintln(os.Stderr, "failed", err)
				return
			}
			tell(connection.ConnectionState())
			io.Copy(connection, connection)
			connection.CloseWrite()
		}()
	}
}

func call(files []string, port, name string) {
	config := configuration(files)
	config.ServerName = name
	connection := must(tls.Dial("tcp4", "127.0.0.1:"+port, config))
	tell(connection.ConnectionState())
	go func() {
		io.Copy(connection, os.Stdin)
		connection.CloseWrite()
	}()
	must(io.Copy(os.Stdout, connection))
	connection.Close()
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2:5])
	} else {
		call(os.Args[2:5], os.Args[5], os.Args[6])
	}
}
