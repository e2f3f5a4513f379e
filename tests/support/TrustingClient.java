import java.io.FileInputStream;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Scanner;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Connects to 127.0.0.1, at the port of each row on standard input ("port name file") trusting the certificates of the
 * PEM file alone, and prints how that went: OK or the reason.
 */
public class TrustingClient {
  public static void main(String[] arguments) throws Exception {
    Scanner rows = new Scanner(System.in);
    while (rows.hasNext()) System.out.println(greet(rows.nextInt(), rows.next(), rows.next()));
  }

  static String greet(int port, String name, String file) throws Exception {
    Socket plain = new Socket("127.0.0.1", port);
    try (SSLSocket socket =
        (SSLSocket) trusting(file).getSocketFactory().createSocket(plain, name, port, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return "OK";
    } catch (javax.net.ssl.SSLException refused) {
      return String.valueOf(refused.getMessage()).replace('\n', ' ');
    }
  }

  static SSLContext trusting(String pem) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    try (FileInputStream file = new FileInputStream(pem)) {
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
        store.setCertificateEntry("ca" + number++, each);
      }
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
