import org.jpos.iso.ISOMsg;

/** A message with the bytes that it came as: its MAC is over them. */
public class RawMsg extends ISOMsg {
  transient byte[] raw;
}
