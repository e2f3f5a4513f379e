// Connects to 127.0.0.1, at the port of each row on standard input ("port name file") trusting the certificates of the
// PEM file alone, and prints how that went: OK or the reason.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
)

func main() {
	rows := bufio.NewScanner(os.Stdin)
	for rows.Scan() {
		var port, name, file string
		fmt.Sscan(rows.Text(), &port, &name, &file)
		fmt.Println(greet(port, name, file))
	}
}

func greet(port, name, file string) string {
	pem, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	connection.Close()
	return "OK"
}
