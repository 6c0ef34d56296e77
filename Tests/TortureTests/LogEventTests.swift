import Testing
import TortureModel

@Suite("A line of the log")
struct LogEventTests {
  @Test(
    "is read with its time, on the clock of the round",
    arguments: [
      ("NOTICE   starting dump.directory=/x process.id=3", LogEvent.Kind.starting),
      ("NOTICE   listening server.host=127.0.0.1 server.port=45375", .listening(port: 45375)),
      ("NOTICE   ready documents=5", .ready),
      ("NOTICE   took the lease lease.epoch=1", .took(epoch: 1)),
      (
        #"NOTICE   took over the lease dump.path="none: the state here is the newest" lease.epoch=12"#, .took(epoch: 12)
      ),
      (
        "WARNING  a dump that was not written here stands above the dumps of this task; going on in a higher epoch dump.foreign.epoch=4 lease.epoch=5",
        .took(epoch: 5)
      ),
      (
        "ERROR    lost the lease: another task took it. Changes are only here changes=true lease.epoch=3 lease.lost.epoch=2",
        .lost(epoch: 2)
      ),
      (
        "ERROR    acknowledged changes are in no dump of the volume's state; they are kept in a dump of their own, which no start takes by itself changes=3 dump.path=/x/deposed/memory_dump-1.bin",
        .kept("memory_dump-1.bin")
      ),
      (
        "INFO     dump written dump.epoch=1 dump.reason=SIGUSR1 dump.sequence=2 duration.ms=250",
        .dumpWritten(duration: 0.25, reason: "SIGUSR1")
      ),
    ])
  func lines(text: String, kind: LogEvent.Kind) throws {
    let event = try #require(LogEvent(line: "1970-01-01T00:01:40.250Z \(text)", origin: 60, skew: 10))
    #expect(event.kind == kind)
    #expect(abs(event.time - 30.25) < 0.001)
  }

  @Test(
    "gives no event when it is about something else",
    arguments: [
      "", "no time", "1970-01-01T00:01:40.250Z INFO     call request.path=/ready",
      "1970-01-01T00:01:40.250Z ERROR    took over the lease, but the newest dump can't be restored lease.epoch=3",
    ])
  func others(line: String) {
    #expect(LogEvent(line: line, origin: 0, skew: 0) == nil)
  }
}
