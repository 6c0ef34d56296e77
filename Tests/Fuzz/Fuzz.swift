import Foundation

/// The target that `FUZZ_TARGET` names.
private let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? "")

/// libFuzzer calls this first. With `FUZZ_SEEDS` the inputs to begin with are written to that directory, and the
/// process ends.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?) -> CInt {
  guard let target else {
    print("FUZZ_TARGET takes one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(64)
  }
  guard let directory = ProcessInfo.processInfo.environment["FUZZ_SEEDS"] else { return 0 }
  do {
    for seed in try FuzzSamples.seeds(of: target) {
      try Data(seed.bytes).write(to: URL(filePath: directory).appending(path: seed.name))
    }
    exit(0)
  } catch {
    print("the seeds can't be written: \(error)")
    exit(1)
  }
}

/// libFuzzer calls this with each input. A failure stops the process, which libFuzzer reports with the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try target?.check(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}
