import Foundation
import TestSupport
import Testing

@Suite("scripts/run", .serialized)
struct RunScriptTests {
  /// Functions for runs in the background: `start <file>` starts one, whose process id is `run`; `await <file> <words>`
  /// waits for words in its output; `sidecar` gives the process id of its sidecar.
  private static let functions = """
    start() {
      env --default-signal=INT bash scripts/run --debug >"$1" 2>&1 &
      run=$!
    }
    await() {
      for _ in $(seq 1200); do
        if grep -q "$2" "$1"; then return; fi
        sleep 0.1
      done
      echo "$1 lacks: $2"
      cat "$1"
      return 1
    }
    sidecar() {
      for process in $(cat "/proc/$run/task/$run/children"); do
        case "$(cat "/proc/$process/comm")" in gatehouse-sidec*) echo "$process" ;; esac
      done
    }
    trap 'for process in $(jobs -p); do kill -INT "$process" || true; done; wait' EXIT

    """

  private func run(_ commands: String, _ body: (_ output: String, _ root: URL) throws -> Void) async throws {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let reader = try Walkthrough(in: directory)
      let other = try RefusingPort()
      let result = try reader.run("other=\(other.port)\n" + Self.functions + commands)
      #expect(result.status == 0, "\(result.output)")
      try body(result.output, reader.root)
      withExtendedLifetime(other) {}
    }
  }

  @Test("starts nothing while another program answers on its port")
  func takenPort() async throws {
    try await run(
      """
      start first
      await first 'Gatehouse is ready'
      await first 'logged in'
      code=0
      bash scripts/run --debug >second 2>&1 || code=$?
      echo "second: $code"
      PORT=$other MEM_DUMP_PATH=elsewhere/memory_dump.bin start third
      await third "Gatehouse is ready at http://127.0.0.1:$other"
      """
    ) { output, root in
      #expect(output.hasSuffix("second: 69\n"), "\(output)")
      let second = try String(contentsOf: root.appending(path: "second"), encoding: .utf8)
      #expect(second.hasPrefix("run: another program answers at http://127.0.0.1:"), "\(second)")
      #expect(second.contains("PORT=5002 scripts/run\n") && !second.contains("ready"), "\(second)")
    }
  }

  @Test("says at its beginning and at its end that it is on standby")
  func standby() async throws {
    try await run(
      """
      start first
      await first 'Gatehouse is ready'
      await first 'logged in'
      PORT=$other start second
      await second 'logged in'
      await second "Gatehouse is on standby at http://127.0.0.1:$other: another task holds the lease"
      kill -INT $run
      wait $run
      """
    ) { _, root in
      let second = try String(contentsOf: root.appending(path: "second"), encoding: .utf8)
      #expect(!second.contains("Gatehouse is ready") && !second.contains("the last dump is safe"), "\(second)")
      #expect(second.contains(": standby in "), "\(second)")
      #expect(second.hasSuffix("\nstopped on standby: no dump was written, and none was needed\n"), "\(second)")
    }
  }

  @Test("shows no receipt that another sidecar wrote")
  func otherReceipt() async throws {
    try await run(
      """
      start first
      await first 'logged in'
      await first 'Gatehouse is ready'
      kill -INT $run
      wait $run
      start second
      await second 'logged in'
      await second 'Gatehouse is ready'
      kill -KILL "$(sidecar)"
      code=0
      wait $run || code=$?
      echo "second: $code"
      """
    ) { output, root in
      let texts = try ["first", "second"].map {
        try String(contentsOf: root.appending(path: $0), encoding: .utf8)
      }
      #expect(texts[0].contains(": drained in ") && texts[0].hasSuffix("\nstopped; the last dump is safe\n"))
      #expect(output.hasSuffix("second: 137\n") && !texts[1].contains(" drained in "), "\(texts[1])")
      #expect(texts[1].contains("\nstopped; everything is saved, but the sidecar ended with exit code 137"))
    }
  }
}
