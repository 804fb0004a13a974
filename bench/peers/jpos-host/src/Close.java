import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import org.jpos.iso.ISOMsg;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.TransactionParticipant;

/** Step 2: the outcome, its entries and its event are durable before the terminal is answered. */
public class Close implements TransactionParticipant {
  private static final String FLIGHT = "delete from in_flight where bucket = ? and transaction = ?";
  private static final String KEY =
      "insert into ledger_key (bucket, idempotency_key, journal_id, business_date)"
          + " values (?, ?, ?, ?) on conflict do nothing";
  private static final String JOURNAL =
      "insert into ledger_journal (bucket, id, business_date, kind, occurred_at)"
          + " values (?, ?, ?, 'sale', ?)";
  private static final String ENTRY =
      "insert into ledger_entry (bucket, journal_id, leg, business_date, account_id, amount)"
          + " values (?, ?, ?, ?, ?, ?)";
  private static final String OUTBOX =
      "insert into outbox (bucket, type, version, payload, occurred_at)"
          + " values (?, ?, 1, ?::jsonb, ?)";

  @Override
  public int prepare(long id, Serializable context) {
    Context ctx = (Context) context;
    ISOMsg request = ctx.get(ContextConstants.REQUEST.toString());
    ISOMsg answer = ctx.get("ANSWER");
    Sale sale = ctx.get("SALE");
    if (answer == null) return ABORTED | NO_JOIN;
    try {
      OffsetDateTime at = OffsetDateTime.now(ZoneOffset.ofHours(8));
      ISOMsg reply = Reply.to(request);
      reply.set(12, DateTimeFormatter.ofPattern("HHmmss").format(at));
      reply.set(13, DateTimeFormatter.ofPattern("MMdd").format(at));
      reply.set(32, "00010000");
      reply.set(37, sale.rrn);
      reply.set(39, answer.getString(39));
      for (int field : new int[] {15, 38}) {
        if (answer.hasField(field)) reply.set(field, answer.getString(field));
      }
      if (answer.hasField(55)) reply.set(55, answer.getBytes(55));
      write(answer, reply, sale, at);
      Reply.sign(reply, sale.terminal.mac);
      ctx.put(ContextConstants.RESPONSE.toString(), reply);
      return PREPARED | READONLY | NO_JOIN;
    } catch (Exception error) {
      System.err.println("close: " + error);
      return ABORTED | NO_JOIN;
    }
  }

  private static void write(ISOMsg answer, ISOMsg reply, Sale sale, OffsetDateTime at)
      throws Exception {
    House house = House.get();
    int bucket = sale.terminal.bucket;
    boolean approved = "00".equals(answer.getString(39));
    String state = approved ? "approved" : "declined";
    String kept = Kept.of("unionpay-pos", reply);
    try (Connection connection = house.pool.getConnection();
        PreparedStatement flight = connection.prepareStatement(FLIGHT);
        PreparedStatement event = connection.prepareStatement(Open.EVENT);
        PreparedStatement message = connection.prepareStatement(Open.MESSAGE);
        PreparedStatement outbox = connection.prepareStatement(OUTBOX)) {
      Open.set(flight, bucket, sale.id);
      if (flight.executeUpdate() != 1) throw new IllegalStateException("fenced");
      if (approved) post(connection, sale, bucket, at);
      Open.set(event, bucket, sale.id, sale.day, state, state, answer.getString(39),
          answer.getString(38), sale.day.toString(), kept, at);
      event.executeUpdate();
      String heard = Kept.of("cups", answer);
      Open.set(message, bucket, sale.id, sale.day, "network-reply", heard, at);
      message.addBatch();
      Open.set(message, bucket, sale.id, sale.day, "terminal-reply", kept, at);
      message.addBatch();
      message.executeBatch();
      String payload =
          String.format(
              "{\"transaction\":\"%s\",\"rrn\":\"%s\",\"merchant\":\"%s\",\"terminal\":\"%s\","
                  + "\"amount\":\"%d\",\"currency\":\"CNY\",\"responseCode\":\"%s\"}",
              sale.id, sale.rrn, sale.terminal.mid, sale.terminal.tid, sale.amount,
              answer.getString(39));
      Open.set(outbox, bucket, "transaction-" + state, payload, at);
      outbox.executeUpdate();
      connection.commit();
    }
  }

  private static void post(Connection connection, Sale sale, int bucket, OffsetDateTime at)
      throws Exception {
    House house = House.get();
    UUID journal = new UUID(sale.id.getMostSignificantBits(), sale.id.getLeastSignificantBits() ^ 1);
    String[] accounts = {
      "network:receivable", "merchant:" + sale.terminal.mid + ":payable", "fee:income"
    };
    long[] amounts = {-sale.amount, sale.amount - sale.fee, sale.fee};
    try (PreparedStatement key = connection.prepareStatement(KEY);
        PreparedStatement head = connection.prepareStatement(JOURNAL);
        PreparedStatement entry = connection.prepareStatement(ENTRY)) {
      Open.set(key, bucket, sale.id + "/sale", journal, sale.day);
      key.executeUpdate();
      Open.set(head, bucket, journal, sale.day, at);
      head.executeUpdate();
      for (int leg = 0; leg < 3; leg++) {
        if (amounts[leg] == 0) continue;
        Open.set(entry, bucket, journal, leg + 1, sale.day, house.account(bucket, accounts[leg]),
            amounts[leg]);
        entry.addBatch();
      }
      entry.executeBatch();
    }
  }
}
