import Clocks

/// Values on their way from any threads to one thread, in order.
package final class BlockingQueue<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isClosed = false
  }

  private enum Next: Sendable {
    case element(Element)
    case end
    case nothingYet
  }

  private let state = Lock(State())
  /// Rung when there is something to look at.
  private let wakeup = Wakeup()

  /// Begins empty and open.
  package init() {}

  /// Adds a value. It never waits.
  package func put(_ element: consuming Element) {
    // Moved, not copied: memory that the taker changes in place must have no other owner.
    var element: Element? = element
    state.withLock { state in
      if let element = element.take() { state.elements.append(element) }
    }
    wakeup.ring()
  }

  /// Ends the queue: `take` returns `nil` once the values before this are taken.
  package func close() {
    state.withLock { $0.isClosed = true }
    wakeup.ring()
  }

  /// Waits for the next value. Only one thread may take.
  ///
  /// - Returns: `nil` when the queue is closed and empty.
  package func take() -> Element? {
    while true {
      let next = state.withLock { state -> Next in
        if !state.elements.isEmpty { return .element(state.elements.removeFirst()) }
        return state.isClosed ? .end : .nothingYet
      }
      switch next {
      case .element(let element): return element
      case .end: return nil
      case .nothingYet: wakeup.take(until: .never)
      }
    }
  }
}
