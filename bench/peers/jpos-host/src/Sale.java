import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.UUID;

/** What the participants of one sale hand on. */
final class Sale {
  House.Terminal terminal;
  String pan;
  String track;
  byte[] pinBlock;
  String token;
  String cipher;
  long amount;
  long fee;
  UUID id;
  String rrn;
  String trace;
  String transmission;
  OffsetDateTime at;
  LocalDate day;
  String digest;
  String networkKey;
}
