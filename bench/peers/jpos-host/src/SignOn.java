import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import javax.crypto.Cipher;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.iso.MUX;
import org.jpos.q2.QBeanSupport;
import org.jpos.q2.iso.QMUX;

/** Signs on to the network, fetches both keys, and probes the line while it lives. */
public class SignOn extends QBeanSupport implements Runnable {
  static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("MMddHHmmss");

  @Override
  protected void startService() {
    Thread thread = new Thread(this, "sign-on");
    thread.setDaemon(true);
    thread.start();
  }

  private ISOMsg ask(MUX mux, String code, String control) throws ISOException {
    House house = House.get();
    ISOMsg message = new ISOMsg("0800");
    message.set(7, TIME.format(ZonedDateTime.now(ZoneOffset.ofHours(8))));
    message.set(11, house.trace());
    message.set(33, cfg.get("institution"));
    if (control != null) message.set(53, control);
    message.set(70, code);
    if (code.equals("301")) Network.sign(message, house.zak);
    ISOMsg reply = mux.request(message, 5000);
    return reply != null && "00".equals(reply.getString(39)) ? reply : null;
  }

  private byte[] key(MUX mux, String control) throws ISOException {
    ISOMsg reply = ask(mux, "101", control);
    if (reply == null) return null;
    byte[] hidden = ISOUtil.hex2byte(reply.getString(48).substring(2, 34));
    return Crypto.des(Cipher.DECRYPT_MODE, ISOUtil.hex2byte(cfg.get("zmk")), hidden);
  }

  @Override
  public void run() {
    House house = House.get();
    while (running()) {
      try {
        MUX mux = QMUX.getMUX("network");
        if (!mux.isConnected()) {
          house.zak = null;
          ISOUtil.sleep(100);
          continue;
        }
        if (house.zak == null) {
          if (ask(mux, "001", null) == null) {
            ISOUtil.sleep(500);
            continue;
          }
          house.zpk = key(mux, "1600000000000000");
          house.zak = key(mux, "2000000000000000");
          if (ask(mux, "301", null) == null) house.zak = null;
          else System.out.println("{\"ready\":true}");
        } else {
          ISOUtil.sleep(20_000);
          if (ask(mux, "301", null) == null) house.zak = null;
        }
      } catch (Exception error) {
        System.err.println("sign-on: " + error);
        ISOUtil.sleep(500);
      }
    }
  }
}
