import java.io.Serializable;
import java.time.format.DateTimeFormatter;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOResponseListener;
import org.jpos.iso.MUX;
import org.jpos.q2.iso.QMUX;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.TransactionParticipant;
import org.jpos.util.NameRegistrar;

/** Asks the network; the transaction is paused until the reply comes, its session is free meanwhile. */
public class Query implements TransactionParticipant, ISOResponseListener {
  private static final int[] FROM_TERMINAL = {3, 4, 14, 22, 23, 25, 49, 55};
  private static final long REPLY_MS = 20_000;

  static ISOMsg message(ISOMsg request, Sale sale) throws ISOException {
    String institution = System.getProperty("institution");
    ISOMsg message = new ISOMsg("0200");
    for (int field : FROM_TERMINAL) {
      if (field == 55) message.set(55, request.getBytes(55));
      else if (request.hasField(field)) message.set(field, request.getString(field));
    }
    message.set(2, sale.pan);
    message.set(7, sale.transmission);
    message.set(11, sale.trace);
    message.set(12, DateTimeFormatter.ofPattern("HHmmss").format(sale.at));
    message.set(13, DateTimeFormatter.ofPattern("MMdd").format(sale.at));
    message.set(18, "5812");
    message.set(26, request.getString(26));
    message.set(32, institution);
    message.set(33, institution);
    message.set(35, sale.track);
    message.set(37, sale.rrn);
    message.set(41, sale.terminal.tid);
    message.set(42, sale.terminal.mid);
    message.set(43, String.format("%-40s", sale.terminal.name));
    message.set(52, sale.pinBlock);
    message.set(53, "2600000000000000");
    message.set(60, "0000");
    sale.networkKey =
        String.join("/", sale.transmission, sale.trace, institution, institution);
    return message;
  }

  @Override
  public int prepare(long id, Serializable context) {
    Context ctx = (Context) context;
    ISOMsg outgoing = ctx.get("OUTGOING");
    try {
      Network.sign(outgoing, House.get().zak);
      MUX mux = QMUX.getMUX("network");
      mux.request(outgoing, REPLY_MS, this, ctx);
      return PREPARED | READONLY | PAUSE | NO_JOIN;
    } catch (ISOException | NameRegistrar.NotFoundException error) {
      return ABORTED | NO_JOIN;
    }
  }

  @Override
  public void responseReceived(ISOMsg response, Object handBack) {
    Context ctx = (Context) handBack;
    if (Network.authentic(response, House.get().zak)) ctx.put("ANSWER", response);
    ctx.resume();
  }

  @Override
  public void expired(Object handBack) {
    ((Context) handBack).resume();
  }
}
