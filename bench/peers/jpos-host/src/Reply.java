import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;

/** A reply to a terminal: what the request says of itself, addresses changed over. */
final class Reply {
  private static final int[] REPEATED = {2, 3, 4, 11, 25, 41, 42, 49, 60};

  private Reply() {}

  static ISOMsg to(ISOMsg request) throws ISOException {
    ISOMsg reply = new ISOMsg();
    reply.setMTI(request.getMTI());
    reply.setResponseMTI();
    for (int field : REPEATED) {
      if (request.hasField(field)) reply.set(field, request.getString(field));
    }
    byte[] header = request.getHeader().clone();
    byte[] tpdu = header.clone();
    header[1] = tpdu[3];
    header[2] = tpdu[4];
    header[3] = tpdu[1];
    header[4] = tpdu[2];
    reply.setHeader(header);
    reply.setPackager(request.getPackager());
    return reply;
  }

  /** Sets DE 64 over all bytes before it. */
  static void sign(ISOMsg reply, byte[] key) throws ISOException {
    reply.set(64, new byte[8]);
    byte[] bytes = reply.pack();
    reply.set(64, Crypto.terminalMac(key, bytes, bytes.length - 8));
  }
}
