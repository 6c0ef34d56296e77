/// The turns of work that takes long: after some steps, threads that wait for this one's processor run. They otherwise
/// may wait for 4 ms (`SystemThread.letOthersRun`).
package struct Turns {
  private let length: Int
  private var left: Int

  /// - Parameter steps: that take some tenths of a millisecond together.
  package init(every steps: Int) {
    length = steps
    left = steps
  }

  /// Counts steps that were done.
  package mutating func count(_ steps: Int = 1) {
    left -= steps
    guard left <= 0 else { return }
    left = length
    SystemThread.letOthersRun()
  }
}
