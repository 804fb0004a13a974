import java.util.Arrays;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.packager.GenericPackager;

/** The MAC of the network's messages. */
final class Network {
  private static GenericPackager packager;

  private Network() {}

  static synchronized GenericPackager packager() throws ISOException {
    if (packager == null) packager = new GenericPackager(System.getProperty("cups"));
    return packager;
  }

  /** Sets DE 128 over all bytes before it. */
  static void sign(ISOMsg message, byte[] key) throws ISOException {
    message.set(128, new byte[8]);
    message.setPackager(packager());
    byte[] bytes = message.pack();
    message.set(128, Crypto.networkMac(key, bytes, bytes.length - 8));
  }

  static boolean authentic(ISOMsg message, byte[] key) {
    if (!message.hasField(128) || !(message instanceof RawMsg)) return false;
    byte[] raw = ((RawMsg) message).raw;
    byte[] mac = Arrays.copyOfRange(raw, raw.length - 8, raw.length);
    return Arrays.equals(mac, Crypto.networkMac(key, raw, raw.length - 8));
  }
}
