import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jpos.iso.ISOUtil;

/** The same cryptography as the other hosts do for a payment. */
final class Crypto {
  private static final SecureRandom RANDOM = new SecureRandom();

  private Crypto() {}

  static byte[] random(int length) {
    byte[] bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  /** One pass over whole blocks; a key of 8 bytes is single DES, 16 bytes TDES. */
  static byte[] des(int mode, byte[] key, byte[] data) {
    try {
      boolean single = key.length == 8;
      Cipher cipher = Cipher.getInstance(single ? "DES/ECB/NoPadding" : "DESede/ECB/NoPadding");
      byte[] full = single ? key : ISOUtil.concat(key, Arrays.copyOf(key, 8));
      cipher.init(mode, new SecretKeySpec(full, single ? "DES" : "DESede"));
      return cipher.doFinal(data);
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
  }

  /** DE 64 of terminals: folded, written in hex, two encryptions under a single-length key. */
  static byte[] terminalMac(byte[] key, byte[] data, int length) {
    byte[] folded = new byte[8];
    for (int at = 0; at < length; at++) folded[at & 7] ^= data[at];
    byte[] hex = ISOUtil.hexString(folded).getBytes(StandardCharsets.US_ASCII);
    byte[] first = des(Cipher.ENCRYPT_MODE, key, Arrays.copyOf(hex, 8));
    byte[] mixed = ISOUtil.xor(first, Arrays.copyOfRange(hex, 8, 16));
    byte[] second = des(Cipher.ENCRYPT_MODE, key, mixed);
    String text = ISOUtil.hexString(Arrays.copyOf(second, 4));
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** DE 128 of the network: ANSI X9.19. */
  static byte[] networkMac(byte[] key, byte[] data, int length) {
    try {
      byte[] padded = Arrays.copyOf(Arrays.copyOf(data, length), (length + 7) / 8 * 8);
      byte[] left = Arrays.copyOf(key, 8);
      byte[] right = Arrays.copyOfRange(key, 8, 16);
      Cipher chain = Cipher.getInstance("DES/CBC/NoPadding");
      chain.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(left, "DES"),
          new javax.crypto.spec.IvParameterSpec(new byte[8]));
      byte[] all = chain.doFinal(padded);
      byte[] last = Arrays.copyOfRange(all, all.length - 8, all.length);
      return des(Cipher.ENCRYPT_MODE, left, des(Cipher.DECRYPT_MODE, right, last));
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
  }

  static byte[] translatePin(byte[] from, byte[] to, byte[] block) {
    return des(Cipher.ENCRYPT_MODE, to, des(Cipher.DECRYPT_MODE, from, block));
  }

  /** Track 2 with its block of 16 digits opened. */
  static String openTrack(byte[] key, String track) {
    int at = track.length() - (track.length() % 2 == 0 ? 18 : 17);
    String hidden = track.substring(at, at + 16).replace('=', 'D');
    String clear = ISOUtil.hexString(des(Cipher.DECRYPT_MODE, key, ISOUtil.hex2byte(hidden)));
    return (track.substring(0, at) + clear + track.substring(at + 16)).replace('D', '=');
  }

  static String token(byte[] key, String pan) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return ISOUtil.hexString(mac.doFinal(pan.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
  }

  static String seal(byte[] key, String pan) {
    try {
      byte[] nonce = random(12);
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
      byte[] hidden = cipher.doFinal(pan.getBytes(StandardCharsets.US_ASCII));
      return ISOUtil.hexString(ISOUtil.concat(nonce, hidden));
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
  }
}
