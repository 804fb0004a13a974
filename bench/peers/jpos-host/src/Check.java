import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.UUID;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.TransactionParticipant;

/** Who sent it, whether its MAC is right; track and PIN opened and hidden again. */
public class Check implements TransactionParticipant {
  @Override
  public int prepare(long transaction, Serializable context) {
    Context ctx = (Context) context;
    RawMsg request = ctx.get(ContextConstants.REQUEST.toString());
    House house = House.get();
    House.Terminal terminal = house.terminals.get(request.getString(41));
    if (terminal == null || terminal.mac == null || house.zak == null) return ABORTED | NO_JOIN;
    if (!terminal.mid.equals(request.getString(42))) return ABORTED | NO_JOIN;
    byte[] raw = request.raw;
    byte[] mac = Arrays.copyOfRange(raw, raw.length - 8, raw.length);
    if (!Arrays.equals(mac, Crypto.terminalMac(terminal.mac, raw, raw.length - 8))) {
      return ABORTED | NO_JOIN;
    }
    Sale sale = new Sale();
    sale.terminal = terminal;
    sale.track = Crypto.openTrack(terminal.track, request.getString(35));
    sale.pan = request.getString(2);
    if (!sale.track.startsWith(sale.pan + "=")) return ABORTED | NO_JOIN;
    sale.pinBlock = Crypto.translatePin(terminal.pin, house.zpk, request.getBytes(52));
    sale.token = Crypto.token(house.tokenKey, sale.pan);
    sale.cipher = Crypto.seal(house.sealKey, sale.pan);
    sale.amount = Long.parseLong(request.getString(4));
    sale.fee = (sale.amount * 6000 + 500_000) / 1_000_000;
    sale.at = OffsetDateTime.now(ZoneOffset.ofHours(8));
    sale.day = sale.at.getHour() >= 23 ? sale.at.toLocalDate().plusDays(1) : sale.at.toLocalDate();
    sale.id = timeOrdered(sale.at.toInstant().toEpochMilli());
    sale.trace = house.trace();
    sale.transmission = SignOn.TIME.format(sale.at);
    sale.rrn =
        String.format(
            "%d%03d%08d",
            sale.at.getYear() % 10, sale.at.getDayOfYear(), house.references.incrementAndGet());
    sale.digest = digest(request, sale.token);
    ctx.put("SALE", sale);
    return PREPARED | READONLY | NO_JOIN;
  }

  private static String digest(ISOMsg request, String token) {
    try {
      String text = token + request.getString(3) + request.getString(4) + request.getString(49);
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return ISOUtil.hexString(sha.digest(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (java.security.NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  /** UUID version 7. */
  private static UUID timeOrdered(long millis) {
    byte[] random = Crypto.random(10);
    long low = ((random[0] & 0xffL) << 8 | random[1] & 0xffL) & 0xfff;
    long rest = 0;
    for (int at = 2; at < 10; at++) rest = rest << 8 | random[at] & 0xffL;
    return new UUID(millis << 16 | 0x7000 | low, rest & 0x3fffffffffffffffL | 0x8000000000000000L);
  }
}
