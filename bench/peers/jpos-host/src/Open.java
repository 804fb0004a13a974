import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import org.jpos.iso.ISOMsg;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.TransactionParticipant;

/** Step 1: the request is durable before anything leaves for the network. */
public class Open implements TransactionParticipant {
  private static final String KEY =
      "insert into request_key (bucket, merchant, terminal, batch, stan, class, digest, transaction,"
          + " business_date, created_at) values (?, ?, ?, ?, ?, 'request', ?, ?, ?, ?)"
          + " on conflict do nothing";
  private static final String FLIGHT =
      "insert into in_flight (bucket, transaction, business_date, owner, epoch, lease_until)"
          + " values (?, ?, ?, 'jpos', 1, ?)";
  private static final String TRANSACTION =
      "insert into transaction (bucket, id, business_date, kind, merchant, terminal, batch, stan,"
          + " rrn, amount, currency, fee, entry_mode, masked_pan, pan_token, pan_cipher,"
          + " network_key, occurred_at)"
          + " values (?, ?, ?, 'sale', ?, ?, ?, ?, ?, ?, 'CNY', ?, ?, ?, ?, ?, ?, ?)";
  static final String EVENT =
      "insert into transaction_event (bucket, transaction, business_date, type, state,"
          + " response_code, authorisation_code, settlement_date, reply, at)"
          + " values (?, ?, ?, ?, ?, ?, ?, ?::date, ?::jsonb, ?)";
  static final String MESSAGE =
      "insert into kept_message (bucket, transaction, business_date, hop, message, at)"
          + " values (?, ?, ?, ?, ?::jsonb, ?)";

  @Override
  public int prepare(long id, Serializable context) {
    Context ctx = (Context) context;
    ISOMsg request = ctx.get(ContextConstants.REQUEST.toString());
    Sale sale = ctx.get("SALE");
    try {
      ISOMsg outgoing = Query.message(request, sale);
      ctx.put("OUTGOING", outgoing);
      return write(request, outgoing, sale) ? PREPARED | READONLY | NO_JOIN : ABORTED | NO_JOIN;
    } catch (Exception error) {
      System.err.println("open: " + error);
      return ABORTED | NO_JOIN;
    }
  }

  private static boolean write(ISOMsg request, ISOMsg outgoing, Sale sale) throws Exception {
    int bucket = sale.terminal.bucket;
    String batch = request.getString(60).substring(2, 8);
    String stan = request.getString(11);
    try (Connection connection = House.get().pool.getConnection();
        PreparedStatement key = connection.prepareStatement(KEY);
        PreparedStatement flight = connection.prepareStatement(FLIGHT);
        PreparedStatement transaction = connection.prepareStatement(TRANSACTION);
        PreparedStatement event = connection.prepareStatement(EVENT);
        PreparedStatement message = connection.prepareStatement(MESSAGE)) {
      set(key, bucket, sale.terminal.mid, sale.terminal.tid, batch, stan, sale.digest, sale.id,
          sale.day, sale.at);
      if (key.executeUpdate() != 1) {
        connection.rollback();
        return false;
      }
      set(flight, bucket, sale.id, sale.day, sale.at.plusSeconds(30));
      flight.executeUpdate();
      String masked =
          sale.pan.substring(0, 6) + "******" + sale.pan.substring(sale.pan.length() - 4);
      set(transaction, bucket, sale.id, sale.day, sale.terminal.mid, sale.terminal.tid, batch, stan,
          sale.rrn, sale.amount, sale.fee, request.getString(22), masked, sale.token, sale.cipher,
          sale.networkKey, sale.at);
      transaction.executeUpdate();
      set(event, bucket, sale.id, sale.day, "sale", "in-flight", null, null, null, null, sale.at);
      event.executeUpdate();
      String in = Kept.of("unionpay-pos", request);
      set(message, bucket, sale.id, sale.day, "terminal-request", in, sale.at);
      message.addBatch();
      String out = Kept.of("cups", outgoing);
      set(message, bucket, sale.id, sale.day, "network-request", out, sale.at);
      message.addBatch();
      message.executeBatch();
      connection.commit();
      return true;
    }
  }

  static void set(PreparedStatement statement, Object... values) throws Exception {
    for (int at = 0; at < values.length; at++) statement.setObject(at + 1, values[at]);
  }
}
