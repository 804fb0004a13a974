import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jpos.core.Configuration;
import org.jpos.core.ConfigurationException;
import org.jpos.iso.BaseChannel;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;

/** The network: a header of 46 bytes that tells the total length. */
public class CupsChannel extends BaseChannel {
  private static final int HEADER = 46;
  private byte[] begun = new byte[6];
  private byte[] template = new byte[0];
  private int total;

  @Override
  public void setConfiguration(Configuration cfg) throws ConfigurationException {
    super.setConfiguration(cfg);
    String text = String.format("%-11s%-11s", cfg.get("network"), cfg.get("institution"));
    template = new byte[HEADER];
    template[0] = 0x2e;
    template[1] = 0x02;
    System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, template, 6, 22);
    Arrays.fill(template, 32, 40, (byte) '0');
    Arrays.fill(template, 41, 46, (byte) '0');
  }

  @Override
  protected void sendMessageLength(int length) {
    total = length;
  }

  @Override
  protected void sendMessageHeader(ISOMsg message, int length) throws IOException {
    byte[] header = template.clone();
    byte[] text = String.format("%04d", total).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, header, 2, 4);
    serverOut.write(header);
  }

  @Override
  protected int getMessageLength() throws IOException {
    byte[] start = new byte[6];
    for (;;) {
      serverIn.readFully(start, 0, 4);
      // Four ASCII zeros keep the connection alive.
      if (start[0] != '0') break;
    }
    serverIn.readFully(start, 4, 2);
    begun = start;
    return Integer.parseInt(new String(start, 2, 4, StandardCharsets.US_ASCII));
  }

  @Override
  protected int getHeaderLength() {
    return HEADER;
  }

  @Override
  protected int getHeaderLength(ISOMsg message) {
    return HEADER;
  }

  @Override
  protected byte[] readHeader(int length) throws IOException {
    byte[] header = Arrays.copyOf(begun, HEADER);
    serverIn.readFully(header, 6, HEADER - 6);
    return header;
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
