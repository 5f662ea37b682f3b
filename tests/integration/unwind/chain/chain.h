void c_enter(int left, int deepest);
void c_bottom(int depth);
void c_thread(int deepest);
void c_fault(int kind);
