/// Some threads that apply a function to values. Results come in the order of the values.
///
/// One thread puts values and takes results. Value n goes to thread n modulo their number, so the next result is always
/// at the head of a known queue. A class: it owns threads, which end with it.
package final class OrderedWorkers<Input: Sendable, Output: Sendable> {
  private struct Lane {
    let inputs: BlockingQueue<Input>
    let outputs: BlockingQueue<Output>
    let thread: SystemThread
  }

  private let transform: @Sendable (consuming Input) -> Output
  private let lanes: [Lane]
  private var put = 0
  private var taken = 0
  /// The results without threads.
  private var direct: [Output] = []

  /// Starts threads. When the system has none to spare, the calling thread does the work.
  package init(threads: Int, _ transform: @escaping @Sendable (consuming Input) -> Output) {
    self.transform = transform
    lanes = (0..<threads).compactMap { _ in
      let (inputs, outputs) = (BlockingQueue<Input>(), BlockingQueue<Output>())
      let thread = try? SystemThread {
        while let input = inputs.take() {
          outputs.put(transform(input))
          SystemThread.letOthersRun()
        }
        outputs.close()
      }
      return thread.map { Lane(inputs: inputs, outputs: outputs, thread: $0) }
    }
  }

  deinit {
    for lane in lanes { lane.inputs.close() }
    for lane in lanes { lane.thread.join() }
  }

  /// The number of values whose results were not taken.
  package var pending: Int { put - taken }

  /// Adds a value. It never waits.
  package func put(_ input: consuming Input) {
    if lanes.isEmpty { direct.append(transform(input)) } else { lanes[put % lanes.count].inputs.put(input) }
    put += 1
  }

  /// Waits for the next result.
  ///
  /// - Returns: `nil` when each value's result was taken.
  package func take() -> Output? {
    guard pending > 0 else { return nil }
    defer { taken += 1 }
    return lanes.isEmpty ? direct.removeFirst() : lanes[taken % lanes.count].outputs.take()
  }
}
