import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jpos.iso.ISOUtil;
import org.jpos.q2.QBeanSupport;
import org.jpos.util.NameRegistrar;

/** What the participants share: the pool, the terminals, the accounts, the link's keys. */
public class House extends QBeanSupport {
  static final class Terminal {
    String tid;
    String mid;
    byte[] master;
    int bucket;
    String name;
    volatile byte[] pin;
    volatile byte[] mac;
    volatile byte[] track;
  }

  HikariDataSource pool;
  final Map<String, Terminal> terminals = new ConcurrentHashMap<>();
  final Map<String, Long> accounts = new HashMap<>();
  final AtomicInteger traces = new AtomicInteger();
  final AtomicInteger references = new AtomicInteger();
  final byte[] tokenKey = Crypto.random(32);
  final byte[] sealKey = Crypto.random(32);
  volatile byte[] zpk;
  volatile byte[] zak;

  @Override
  protected void initService() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(cfg.get("url"));
    config.setUsername(cfg.get("user"));
    config.setMaximumPoolSize(cfg.getInt("pool"));
    config.setMinimumIdle(cfg.getInt("pool"));
    config.setAutoCommit(false);
    pool = new HikariDataSource(config);
    List<String> lines = Files.readAllLines(Path.of(cfg.get("terminals")));
    for (String line : lines) {
      String[] words = line.split(" ");
      Terminal terminal = new Terminal();
      terminal.tid = words[0];
      terminal.mid = words[1];
      terminal.master = ISOUtil.hex2byte(words[2]);
      terminals.put(terminal.tid, terminal);
    }
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      Map<String, Terminal> merchants = new HashMap<>();
      ResultSet found = statement.executeQuery("select mid, bucket, name from merchant");
      while (found.next()) {
        Terminal merchant = new Terminal();
        merchant.bucket = found.getInt(2);
        merchant.name = found.getString(3);
        merchants.put(found.getString(1), merchant);
      }
      for (Terminal terminal : terminals.values()) {
        terminal.bucket = merchants.get(terminal.mid).bucket;
        terminal.name = merchants.get(terminal.mid).name;
      }
      ResultSet all = statement.executeQuery("select bucket, code, id from ledger_account");
      while (all.next()) accounts.put(all.getInt(1) + "/" + all.getString(2), all.getLong(3));
      connection.commit();
    }
    NameRegistrar.register("house", this);
  }

  static House get() {
    return NameRegistrar.getIfExists("house");
  }

  String trace() {
    return String.format("%06d", traces.incrementAndGet() % 999_999 + 1);
  }

  long account(int bucket, String code) {
    return accounts.get(bucket + "/" + code);
  }
}
