// moov-io/iso8583 as a subject of the codec bench: answers `run WHAT MESSAGE MILLISECONDS` lines (bench/README.md).
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
)

type row struct {
	number int
	text   string
	bytes  []byte
}

type message struct {
	mti    string
	bytes  []byte
	fields []row
	spec   *iso8583.MessageSpec
}

type shape struct {
	number, length int
	variable       bool
	content        string
}

var shapes = []shape{
	{2, 19, true, "n"}, {3, 6, false, "n"}, {4, 12, false, "n"}, {7, 10, false, "n"}, {11, 6, false, "n"},
	{12, 6, false, "n"}, {13, 4, false, "n"}, {14, 4, false, "n"}, {18, 4, false, "n"}, {22, 3, false, "n"},
	{23, 3, false, "n"}, {25, 2, false, "n"}, {32, 11, true, "n"}, {35, 37, true, "an"}, {37, 12, false, "an"},
	{38, 6, false, "an"}, {39, 2, false, "an"}, {41, 8, false, "an"}, {42, 15, false, "an"}, {43, 40, false, "an"},
	{49, 3, false, "an"}, {52, 8, false, "b"}, {55, 255, true, "b"}, {100, 11, true, "n"},
}

func spec(bcd bool) *iso8583.MessageSpec {
	digits, fixed, ll, lll := encoding.Encoder(encoding.ASCII), prefix.ASCII.Fixed, prefix.ASCII.LL, prefix.ASCII.LLL
	if bcd {
		digits, fixed, ll, lll = encoding.BCD, prefix.BCD.Fixed, prefix.BCD.LL, prefix.BCD.LLL
	}
	fields := map[int]field.Field{
		0: field.NewString(&field.Spec{Length: 4, Enc: digits, Pref: fixed}),
		1: field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed}),
	}
	for _, one := range shapes {
		settings := &field.Spec{Length: one.length, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed}
		if one.content == "n" {
			settings.Enc, settings.Pref = digits, fixed
		}
		if one.variable {
			settings.Pref = ll
		}
		if one.content == "b" {
			settings.Enc, settings.Pref = encoding.Binary, prefix.Binary.Fixed
			if one.variable {
				settings.Pref = lll
			}
			fields[one.number] = field.NewBinary(settings)
			continue
		}
		if bcd && one.content == "n" && one.variable {
			settings.Enc = encoding.LBCD
		}
		fields[one.number] = field.NewString(settings)
	}
	return &iso8583.MessageSpec{Fields: fields}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(m *message) *iso8583.Message {
	decoded := iso8583.NewMessage(m.spec)
	must(decoded.Unpack(m.bytes))
	return decoded
}

func encode(m *message) []byte {
	built := iso8583.NewMessage(m.spec)
	built.MTI(m.mti)
	for _, one := range m.fields {
		if one.bytes == nil {
			must(built.Field(one.number, one.text))
		} else {
			must(built.BinaryField(one.number, one.bytes))
		}
	}
	packed, err := built.Pack()
	must(err)
	return packed
}

func read(path string) map[string]*message {
	file, err := os.ReadFile(path)
	must(err)
	messages := map[string]*message{}
	var current *message
	for _, line := range strings.Split(string(file), "\n") {
		words := strings.SplitN(line, " ", 4)
		if words[0] == "message" {
			raw, err := hex.DecodeString(words[3])
			must(err)
			current = &message{mti: words[2], bytes: raw, spec: spec(strings.HasSuffix(words[1], "bcd"))}
			messages[words[1]] = current
		} else if line != "" {
			number, err := strconv.Atoi(words[0])
			must(err)
			one := row{number: number, text: line[len(words[0])+3:]}
			if words[1] == "b" {
				one.bytes, err = hex.DecodeString(one.text)
				must(err)
			}
			current.fields = append(current.fields, one)
		}
	}
	return messages
}

func check(m *message) {
	decoded := decode(m)
	for _, one := range m.fields {
		text, err := decoded.GetString(one.number)
		must(err)
		if !strings.EqualFold(text, one.text) {
			must(fmt.Errorf("field %d is read differently", one.number))
		}
	}
	if !bytes.Equal(encode(m), m.bytes) {
		must(fmt.Errorf("other bytes: %X", encode(m)))
	}
}

var sink any

// The processor time of this thread (RUSAGE_THREAD) in nanoseconds.
func cpuTime() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(1, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func run(what string, m *message, limit int64) (int, int64) {
	count := 0
	began := cpuTime()
	for {
		for turn := 0; turn < 100; turn++ {
			switch what {
			case "decode":
				sink = decode(m)
			case "encode":
				sink = encode(m)
			default:
				packed, err := decode(m).Pack()
				must(err)
				sink = packed
			}
		}
		count += 100
		if passed := cpuTime() - began; passed >= limit {
			return count, passed
		}
	}
}

func main() {
	runtime.LockOSThread()
	messages := read(os.Args[1])
	for _, one := range messages {
		check(one)
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		limit, err := strconv.Atoi(words[3])
		must(err)
		count, passed := run(words[1], messages[words[2]], int64(limit)*1_000_000)
		fmt.Println(count, passed)
	}
}
