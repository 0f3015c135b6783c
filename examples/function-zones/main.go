// Package main is a composition Function that makes a resource for each zone.
package main

import (
	"github.com/alecthomas/kong"

	"github.com/crossplane/function-sdk-go"
)

// CLI defines the flags. Crossplane passes no flags, but sets TLS_SERVER_CERTS_DIR to the folder of the certificates.
type CLI struct {
	Debug bool `short:"d" help:"Write debug messages too."`

	Network            string `help:"Network to listen on for gRPC connections." default:"tcp"`
	Address            string `help:"Address to listen at for gRPC connections." default:":9443"`
	TLSServerCertsDir  string `help:"Folder of the server's certificate (tls.key, tls.crt) and the CA of its clients (ca.crt)." env:"TLS_SERVER_CERTS_DIR"`
	Insecure           bool   `help:"Serve without TLS."`
	MaxRecvMessageSize int    `help:"Largest message to receive, in MB." default:"4"`
}

// Run serves the Function, and returns only on failure.
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
	ctx := kong.Parse(&CLI{}, kong.Description("A composition Function that makes a resource for each zone."))
	ctx.FatalIfErrorf(ctx.Run())
}
