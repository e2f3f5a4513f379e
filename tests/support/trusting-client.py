# Connects to 127.0.0.1, at the port of each row on standard input ("port name file") trusting the certificates of the
# PEM file alone, as strict as Python is by itself since 3.13, and prints how that went: OK or the reason.
import socket
import ssl
import sys


def greet(port, name, file):
    context = ssl.create_default_context(cafile=file)
    # PARTIAL_CHAIN, which 3.13 sets too, would only allow more.
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_STRICT) & ~0x80000
    try:
        with socket.create_connection(('127.0.0.1', int(port))) as plain:
            context.wrap_socket(plain, server_hostname=name).close()
        return 'OK'
    except ssl.SSLError as refused:
        return str(refused).replace('\n', ' ')


for row in sys.stdin:
    print(greet(*row.split()))
