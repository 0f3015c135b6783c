// Package main is a composition Function that creates a resource for each zone.
package main

import (
	"github.com/alecthomas/kong"

	"github.com/crossplane/function-sdk-go"
)

// CLI has the flags. Crossplane sets no flags, only TLS_SERVER_CERTS_DIR, the folder of the certificates.
type CLI struct {
	Debug bool `short:"d" help:"Also write debug messages."`

	Network            string `help:"Network to listen on for gRPC connections." default:"tcp"`
	Address            string `help:"Address to listen on for gRPC connections." default:":9443"`
	TLSServerCertsDir  string `help:"Folder with the server's certificate (tls.key, tls.crt) and the CA of its clients (ca.crt)." env:"TLS_SERVER_CERTS_DIR"`
	Insecure           bool   `help:"Serve without TLS."`
	MaxRecvMessageSize int    `help:"Size limit of received messages, in MB." default:"4"`
}

// Run serves the Function until the server fails.
func (c *CLI) Run() error {
	log, err := function.NewLogger(c.Debug)
	if err != nil {
		return err
	}
	return function.Serve(&Function{log: log},
		function.Listen(c.Network, c.Address),
		function.MTLSCertificates(c.TLSServerCertsDir),
		function.Insecure(c.Insecure),
		function.MaxRecvMessageSize(c.MaxRecvMessageSize*1024*1024))
}

func main() {
	ctx := kong.Parse(&CLI{}, kong.Description("A composition Function that creates a resource for each zone."))
	ctx.FatalIfErrorf(ctx.Run())
}
