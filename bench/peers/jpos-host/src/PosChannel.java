import java.io.IOException;
import org.jpos.iso.BaseChannel;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;

/** Terminals: two bytes of length, TPDU and a header of six bytes. */
public class PosChannel extends BaseChannel {
  @Override
  protected void sendMessageLength(int length) throws IOException {
    serverOut.write(length >> 8);
    serverOut.write(length);
  }

  @Override
  protected int getMessageLength() throws IOException {
    byte[] length = new byte[2];
    serverIn.readFully(length);
    return (length[0] & 0xff) << 8 | length[1] & 0xff;
  }

  @Override
  protected int getHeaderLength() {
    return 11;
  }

  @Override
  protected int getHeaderLength(ISOMsg message) {
    return 11;
  }

  @Override
  protected void sendMessageHeader(ISOMsg message, int length) throws IOException {
    serverOut.write(message.getHeader());
  }

  @Override
  protected ISOMsg createMsg() {
    return new RawMsg();
  }

  @Override
  protected void unpack(ISOMsg message, byte[] bytes) throws ISOException {
    super.unpack(message, bytes);
    if (message instanceof RawMsg) ((RawMsg) message).raw = bytes;
  }
}
