import java.io.Serializable;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import javax.crypto.Cipher;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.TransactionParticipant;

/** A terminal's sign-in: fresh working keys under its master key. */
public class SignIn implements TransactionParticipant {
  private static final String NO_CHECK = "00000000";

  @Override
  public int prepare(long id, Serializable context) {
    Context ctx = (Context) context;
    ISOMsg request = ctx.get(ContextConstants.REQUEST.toString());
    try {
      House.Terminal terminal = House.get().terminals.get(request.getString(41));
      if (terminal == null) return ABORTED | NO_JOIN;
      byte[][] keys = {Crypto.random(16), Crypto.random(8), Crypto.random(16)};
      StringBuilder sent = new StringBuilder();
      for (byte[] key : keys) {
        String hidden = ISOUtil.hexString(Crypto.des(Cipher.ENCRYPT_MODE, terminal.master, key));
        sent.append(ISOUtil.zeropadRight(hidden, 32)).append(NO_CHECK);
      }
      terminal.pin = keys[0];
      terminal.mac = keys[1];
      terminal.track = keys[2];
      ISOMsg reply = Reply.to(request);
      ZonedDateTime now = ZonedDateTime.now(ZoneOffset.ofHours(8));
      reply.set(12, DateTimeFormatter.ofPattern("HHmmss").format(now));
      reply.set(13, DateTimeFormatter.ofPattern("MMdd").format(now));
      reply.set(37, "000000000001");
      reply.set(39, "00");
      reply.set(60, "00000001004");
      reply.set(62, ISOUtil.hex2byte(sent.toString()));
      ctx.put(ContextConstants.RESPONSE.toString(), reply);
      return PREPARED | READONLY | NO_JOIN;
    } catch (ISOException error) {
      return ABORTED | NO_JOIN;
    }
  }
}
