import ArgumentParser
import Foundation

/// Measures the performance of the project. `scripts/bench` runs it, and starts the servers to compare with.
@main
struct BenchmarkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gatehouse-benchmark",
    subcommands: [
      StoreBenchmark.self, TableBenchmark.self, JournalBenchmark.self, WriteDump.self, LoadAndWrite.self,
      DumpBenchmark.self, RestoreBenchmark.self, RedisCommands.self, Ping.self,
    ])
}

/// Prints one figure.
func report(_ name: String, _ value: Double, _ unit: String) {
  print("\(name.padding(toLength: 44, withPad: " ", startingAt: 0)) \(String(format: "%12.3f", value)) \(unit)")
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
