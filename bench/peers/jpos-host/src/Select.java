import java.io.Serializable;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.transaction.Context;
import org.jpos.transaction.ContextConstants;
import org.jpos.transaction.GroupSelector;

/** Which participants a message goes to. */
public class Select implements GroupSelector {
  @Override
  public int prepare(long id, Serializable context) {
    return PREPARED | READONLY | NO_JOIN;
  }

  @Override
  public String select(long id, Serializable context) {
    ISOMsg request = ((Context) context).get(ContextConstants.REQUEST.toString());
    try {
      return request.getMTI().equals("0800") ? "sign-in" : "sale";
    } catch (ISOException error) {
      return "";
    }
  }
}
