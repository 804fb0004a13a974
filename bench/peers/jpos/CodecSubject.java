import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOPackager;
import org.jpos.iso.ISOUtil;
import org.jpos.iso.packager.GenericPackager;

/** jPOS as a subject of the codec bench: answers `run WHAT MESSAGE MILLISECONDS` lines (bench/README.md). */
public final class CodecSubject {
  record Field(int number, String text, byte[] bytes) {}

  record Message(String mti, byte[] bytes, List<Field> fields, ISOPackager packager) {}

  static volatile Object sink;

  static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  public static void main(String[] arguments) throws Exception {
    Map<String, Message> messages = read(Path.of(arguments[0]), Path.of(arguments[1]));
    for (Message message : messages.values()) check(message);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ");
      Message message = messages.get(words[2]);
      System.out.println(run(words[1], message, Long.parseLong(words[3]) * 1_000_000));
    }
  }

  static String run(String what, Message message, long limit) throws Exception {
    long count = 0;
    long began = THREADS.getCurrentThreadCpuTime();
    long passed = 0;
    while (passed < limit) {
      for (int turn = 0; turn < 200; turn++) {
        switch (what) {
          case "decode" -> sink = decode(message);
          case "encode" -> sink = encode(message);
          default -> sink = decode(message).pack();
        }
      }
      count += 200;
      passed = THREADS.getCurrentThreadCpuTime() - began;
    }
    return count + " " + passed;
  }

  static ISOMsg decode(Message message) throws Exception {
    ISOMsg decoded = new ISOMsg();
    decoded.setPackager(message.packager);
    decoded.unpack(message.bytes);
    return decoded;
  }

  static byte[] encode(Message message) throws Exception {
    ISOMsg built = new ISOMsg();
    built.setPackager(message.packager);
    built.setMTI(message.mti);
    for (Field field : message.fields) {
      if (field.bytes == null) built.set(field.number, field.text);
      else built.set(field.number, field.bytes);
    }
    return built.pack();
  }

  static void check(Message message) throws Exception {
    ISOMsg decoded = decode(message);
    for (Field field : message.fields) {
      if (!field.text.equals(decoded.getString(field.number))) {
        throw new IllegalStateException("field " + field.number + " is read differently");
      }
    }
    if (!java.util.Arrays.equals(encode(message), message.bytes)) {
      throw new IllegalStateException("other bytes: " + ISOUtil.hexString(encode(message)));
    }
  }

  static Map<String, Message> read(Path file, Path specs) throws Exception {
    Map<String, Message> messages = new HashMap<>();
    List<Field> fields = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      String[] words = line.split(" ", 4);
      if (words[0].equals("message")) {
        fields = new ArrayList<>();
        String spec = words[1].endsWith("bcd") ? "bcd.xml" : "ascii.xml";
        ISOPackager packager = new GenericPackager(specs.resolve(spec).toString());
        byte[] bytes = ISOUtil.hex2byte(words[3]);
        messages.put(words[1], new Message(words[2], bytes, fields, packager));
      } else if (!line.isEmpty()) {
        String text = line.substring(words[0].length() + 3);
        byte[] bytes = words[1].equals("b") ? ISOUtil.hex2byte(text) : null;
        fields.add(new Field(Integer.parseInt(words[0]), text, bytes));
      }
    }
    return messages;
  }
}
