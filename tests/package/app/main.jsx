/* A page as people write them: a component that makes a call when it appears, and ends it when it goes. In development
 * React's strict mode lets every component appear, go, and appear again. */

import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { VoiceGatewayCall } from 'voice-gateway-client';

function Call() {
  const [state, setState] = useState('idle');
  useEffect(() => {
    const call = new VoiceGatewayCall('/ws');
    window.n_calls = (window.n_calls ?? 0) + 1;
    call.on('state', (change) => setState(change.state));
    call.connect().catch(() => {}); // it is in the state
    return () => call.hangUp();
  }, []);
  return <p id="state">{state}</p>;
}

createRoot(document.getElementById('root')).render(<StrictMode><Call /></StrictMode>);
