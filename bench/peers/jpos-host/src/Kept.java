import java.util.Set;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;

/** A message as a journal may keep it: no track, no PIN, the card number masked. */
final class Kept {
  private static final Set<Integer> NEVER = Set.of(14, 35, 36, 52);

  private Kept() {}

  static String of(String spec, ISOMsg message) throws ISOException {
    StringBuilder text = new StringBuilder(512);
    text.append("{\"spec\":\"").append(spec).append("\",\"mti\":\"").append(message.getMTI());
    text.append("\",\"fields\":{");
    StringBuilder notKept = new StringBuilder();
    boolean first = true;
    for (int field = 2; field <= message.getMaxField(); field++) {
      if (!message.hasField(field)) continue;
      if (NEVER.contains(field)) {
        notKept.append(notKept.length() == 0 ? "\"" : ",\"").append(field).append('"');
        continue;
      }
      String value = message.getString(field);
      if (field == 2) value = value.substring(0, 6) + "******" + value.substring(value.length() - 4);
      text.append(first ? "\"" : ",\"").append(field).append("\":\"").append(value).append('"');
      first = false;
    }
    return text.append("},\"notKept\":[").append(notKept).append("]}").toString();
  }
}
