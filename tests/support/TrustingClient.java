import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Connects to localhost, at each port trusting the certificates of the PEM file after it, and prints how that went. */
public class TrustingClient {
  public static void main(String[] arguments) throws Exception {
    for (int at = 0; at < arguments.length; at += 2) {
      System.out.println(greet(Integer.parseInt(arguments[at]), arguments[at + 1]));
    }
  }

  static String greet(int port, String pem) throws Exception {
    try (SSLSocket socket = (SSLSocket) trusting(pem).getSocketFactory().createSocket("localhost", port)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return "OK";
    } catch (javax.net.ssl.SSLException refused) {
      return refused.getMessage();
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
